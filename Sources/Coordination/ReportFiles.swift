// SPDX-License-Identifier: MIT

internal import Campaigns
internal import JobStorage
internal import Reports
private import SystemPackage
private import SystemSupport

/// The files of a campaign's report beside its atlas.
struct ReportFiles {
    private let directory: JobDirectory
    private let manifest: CampaignManifest

    init(_ directory: JobDirectory, _ manifest: CampaignManifest) {
        self.directory = directory
        self.manifest = manifest
    }

    /// The files by name, in order; those of the comparison where there is one.
    func contents(of report: ComparisonReport?) throws -> [(name: String, bytes: [UInt8])] {
        var files = ["index.json": Array(index.document.utf8)]
        if let report {
            files["cka.json"] = Array(report.json.utf8)
            files["cka.csv"] = Array(report.csv.utf8)
            files["cka.npy"] = report.ckaArray
            files["debiased.npy"] = report.debiasedArray
            for layer in report.layers { files["heatmaps/\(layer).png"] = try report.heatMap(of: layer) }
        }
        return files.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The axes of the comparison's arrays, and where activations lie.
    private var index: ReportJSON {
        let comparison = manifest.comparison
        let layers = comparison?.layers ?? []
        return .object([
            (
                "axes",
                .object([
                    ("layers", .list(layers.map { .text($0) })),
                    ("models", .list(manifest.models.map { .text($0.name) })),
                ])
            ),
            ("arrays", .list(arrays)),
        ])
    }

    /// Layer by layer in the network's order, and of each the models in the campaign's.
    private var arrays: [ReportJSON] {
        guard let images = manifest.images else { return [] }
        let layers = CampaignManifest.inNetworkOrder(manifest.models.flatMap(\.layers))
        return layers.flatMap { layer in
            manifest.models.filter { $0.layers.contains(layer) }.map { model in
                let address = manifest.activations(of: model, layer: layer, images)
                return .object([
                    ("model", .text(model.name)),
                    ("layer", .text(layer)),
                    ("path", .text(directory.array(address).string)),
                    ("digest", .text(address.hexadecimal)),
                ])
            }
        }
    }
}
