// SPDX-License-Identifier: MIT

/// A file of an atlas's page.
public struct AtlasFile: Equatable, Sendable {
    /// Where it is, below the atlas.
    public let name: String
    /// What is in it.
    public let bytes: [UInt8]
}

/// A sheet that the page takes its thumbnails from.
public struct PlacedSheet: Equatable, Sendable {
    /// The model.
    public let model: String
    /// The layer.
    public let layer: String
    /// Where the sheet is, below the atlas.
    public let file: String
    /// Where its tiles are.
    public let geometry: AtlasSheetGeometry

    /// Says where a sheet is.
    public init(model: String, layer: String, file: String, geometry: AtlasSheetGeometry) {
        self.model = model
        self.layer = layer
        self.file = file
        self.geometry = geometry
    }
}

extension Atlas {
    /// The page on which to look at the atlas, which opens from a file and without a network.
    ///
    /// A page that comes from a file may read no JSON, so its data are scripts: `data/index.js`, and
    /// one for each layer, which is loaded when the layer is looked at.
    ///
    /// - Parameter sheets: where thumbnails are; a picture that is on none is its own.
    /// - Returns: the files to write, `index.html` last, so that it never refers to what is not there.
    public func page(sheets: [PlacedSheet]) -> [AtlasFile] {
        var files = Self.fixedFiles
        let numbers = Dictionary(grouping: pictures.indices) { pictures[$0].layer }
        let sheets = Dictionary(grouping: sheets, by: \.layer)
        let exemplars = Dictionary(grouping: exemplars, by: \.layer)
        for layer in layers {
            let bytes = layerScript(layer, numbers[layer] ?? [], sheets[layer] ?? [], exemplars[layer] ?? [])
            files.append(AtlasFile(name: "data/\(layer).js", bytes: bytes))
        }
        files.append(AtlasFile(name: "data/index.js", bytes: indexScript(numbers)))
        files.append(AtlasFile(name: "index.html", bytes: PackageResources.index_html))
        return files
    }

    /// What is the same for every atlas.
    private static let fixedFiles = [
        ("style.css", PackageResources.style_css), ("elements.js", PackageResources.elements_js),
        ("data.js", PackageResources.data_js), ("address.js", PackageResources.address_js),
        ("grid.js", PackageResources.grid_js), ("viewer.js", PackageResources.viewer_js),
        ("zoom.js", PackageResources.zoom_js), ("search.js", PackageResources.search_js),
        ("page.js", PackageResources.page_js),
    ].map { AtlasFile(name: "page/\($0)", bytes: $1) }
}
