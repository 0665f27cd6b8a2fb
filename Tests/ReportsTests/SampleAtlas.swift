// SPDX-License-Identifier: MIT

import ImageCoding
import Reports
import SystemPackage
import SystemSupport

/// An atlas of a running campaign, with pictures that no network made, and all that may be odd about one.
struct SampleAtlas {
    static let models = ["imagenet", "adam", "adam-with-old-4a"]
    static let layers = [
        "conv2d0", "conv2d1", "conv2d2", "mixed3a_1x1", "mixed3a_3x3", "mixed3a_5x5", "mixed3b_1x1", "mixed3b_3x3",
        "mixed4a_1x1_pre", "mixed4a_3x3", "mixed4a_5x5", "mixed4b_1x1", "mixed4b_3x3", "mixed4c_3x3", "mixed4d_3x3",
        "mixed4e_3x3", "mixed5a_1x1", "mixed5a_3x3", "mixed5b_1x1", "mixed5b_3x3", "logits",
    ]
    /// An image's name that would do harm wherever a name is taken for something else.
    static let hostileName = "<img src=x onerror=\"document.title='harm'\"> 'a' & #1?%41.jpg"
    static let hostileError =
        "</script><script>document.title='harm'</script>\u{2028}\0 no memory:\n"
        + String(repeating: "a_very_long_word", count: 8)

    var pictures: [AtlasPicture] = []
    var exemplars: [Exemplar] = []
    var sheets: [PlacedSheet] = []
    private let directory: FilePath

    /// Draws the pictures into a directory.
    init(in directory: FilePath) throws {
        self.directory = directory
        for model in Self.models.indices {
            try addLayer("mixed4a_3x3", channels: Array(0..<40), model: model, onSheet: 36)
            try addLayer("conv2d0", channels: Array(stride(from: 0, to: 24, by: 2)), model: model, onSheet: 12)
        }
        try addDirection()
        try addExemplars()
    }

    var atlas: Atlas { atlas(ending: nil) }

    private func atlas(ending: Atlas.Ending?) -> Atlas {
        Atlas(
            campaign: "celeba-transfer-01234567",
            models: Self.models,
            layers: Self.layers,
            parameters: [
                .init("size", .number(224)), .init("compat", .text("lucent")), .init("objective", .text("channel")),
                .init("transforms", .text("standard")), .init("thresholds", .numbers([256, 512])),
                .init("seed", .number(0)), .init("<b>", .text(Self.hostileName)),
            ],
            expected: 1024,
            ending: ending,
            pictures: pictures,
            exemplars: exemplars
        )
    }

    /// Writes the page of the campaign when it has ended so, without the pictures.
    func writePage(to directory: FilePath, ending: Atlas.Ending) throws {
        for file in atlas(ending: ending).page(sheets: []) { try write(file.bytes, as: file.name, in: directory) }
    }

    /// Writes the page beside the pictures.
    func writePage() throws {
        for file in atlas.page(sheets: sheets) { try write(file.bytes, as: file.name, in: directory) }
        try LocalFileSystem().create(directory.appending("index.json"), contents: atlas.index, durably: false)
    }

    private mutating func addLayer(_ layer: String, channels: [Int], model: Int, onSheet: Int) throws {
        let name = Self.models[model]
        var tiles: [AtlasSheet.Tile] = []
        for channel in channels {
            let objective = Self.objective(layer, channel, model)
            // One fails, one is not there yet in the last model, and one has two thresholds.
            if channel == 5 {
                let reason = model == 1 ? Self.hostileError : "the objective is not a number after 17 steps"
                add(name, layer, channel, file: nil, objective: nil, error: reason, signature: nil)
                tiles.append(.init(channel: channel, objective: nil, thumbnail: nil, reason: reason))
                continue
            }
            if channel == 7, model == 2 { continue }
            let image = syntheticPicture(seed: layer.utf8.count * 1000 + channel, model: model)
            let file = "\(name)/\(layer)/\(padded(channel)).png"
            try write(encodePNG(image), as: file, in: directory)
            let thumbnail = PictureThumbnail(of: image)
            add(name, layer, channel, file: file, objective: objective, error: nil, signature: thumbnail.signature)
            if channel == 12 {
                let half = objective / 2
                add(name, layer, channel, threshold: 256, file: file, objective: half, error: nil, signature: nil)
            }
            guard tiles.count < onSheet else { continue }
            tiles.append(.init(channel: channel, objective: objective, thumbnail: thumbnail.image))
        }
        let title = AtlasSheet.Title(campaign: "celeba-transfer-01234567", model: name, layer: layer, steps: 512)
        let sheet = try AtlasSheet(title: title, tiles: tiles)
        let file = "\(name)/\(layer)/sheet.png"
        try write(sheet.png, as: file, in: directory)
        sheets.append(PlacedSheet(model: name, layer: layer, file: file, geometry: sheet.geometry))
    }

    private mutating func add(
        _ model: String,
        _ layer: String,
        _ channel: Int?,
        threshold: Int = 512,
        file: String?,
        objective: Double?,
        error: String?,
        signature: PictureSignature?
    ) {
        let trace = (0..<threshold).map { step in
            let grown = 1 - 1 / (1 + Double(step) / 40)
            return Float((objective ?? 0) * grown + Double(step % 7) * 0.002)
        }
        pictures.append(
            AtlasPicture(
                model: model,
                layer: layer,
                channel: channel,
                threshold: threshold,
                steps: threshold,
                seed: 0,
                file: file,
                objective: objective,
                trace: error == nil ? trace[...] : [],
                error: error,
                signature: signature
            )
        )
    }

    private mutating func addDirection() throws {
        let file = "imagenet/mixed5b_1x1/direction.png"
        try write(encodePNG(syntheticPicture(seed: 4711, model: 0)), as: file, in: directory)
        add("imagenet", "mixed5b_1x1", nil, file: file, objective: 12.75, error: nil, signature: nil)
    }

    private mutating func addExemplars() throws {
        for (rank, name) in ([Self.hostileName] + (1..<8).map { "n01440764_\($0 * 137).JPEG" }).enumerated() {
            // The copy's name is as odd as the image's, but for what a file system refuses.
            let file = "images/\(name.filter { $0 != "/" }).png"
            let picture = syntheticPicture(seed: 90 + rank, model: 3)
            try write(encodePNG(picture), as: file, in: directory)
            func add(_ model: String, _ layer: String, _ channel: Int?) {
                let value = 31.5 - Double(rank) * 1.37
                exemplars.append(
                    Exemplar(
                        model: model,
                        layer: layer,
                        channel: channel,
                        rank: rank,
                        image: name,
                        row: rank,
                        value: value,
                        file: file
                    )
                )
            }
            for model in Self.models { add(model, "mixed4a_3x3", 12) }
            if rank < 4 { add("imagenet", "mixed5b_1x1", nil) }
        }
    }

    private static func objective(_ layer: String, _ channel: Int, _ model: Int) -> Double {
        let wave = Double((channel * 37 + layer.utf8.count * 11 + model * 5) % 41)
        return 0.8 + wave * wave / 90
    }
}

/// Writes a file below a directory.
func write(_ bytes: [UInt8], as name: String, in directory: FilePath) throws {
    let path = directory.pushing(FilePath(name))
    try LocalFileSystem().makeDirectories(path.removingLastComponent())
    try LocalFileSystem().create(path, contents: bytes, durably: false)
}

private func padded(_ channel: Int) -> String {
    String(repeating: "0", count: 4 - String(channel).count) + String(channel)
}

/// Waves of colour, the same shapes for each model, in somewhat other colours.
func syntheticPicture(seed: Int, model: Int, side: Int = 224) -> RGBImage {
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    func next() -> Float {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Float(state >> 40) / Float(1 << 24)
    }
    let colours = (0..<3).map { _ in SIMD4<Float>(next() - 0.5, next() - 0.5, next() - 0.5, 0) }
    let waves = (0..<3).map { _ in SIMD4<Float>(next() - 0.5, next() - 0.5, next() * 9, next() - 0.5) / 9 }
    // Triangles instead of sines: quick where nothing is optimised.
    var pixels = [UInt8](repeating: 0, count: side * side * 3)
    for y in 0..<side {
        for x in 0..<side {
            let (u, v) = (Float(x), Float(y))
            var colour = SIMD4<Float>(repeating: 0.5)
            for index in 0..<3 {
                let wave = waves[index]
                let phase = wave.x * u + wave.y * v + wave.z + wave.w * (u - 112) * (v - 112) * 0.02
                let turn = phase - phase.rounded()
                colour += colours[(index + model) % 3] * (1 - turn.magnitude * 4)
            }
            let bytes = (colour.clamped(lowerBound: .zero, upperBound: .one) * 255).rounded(.towardZero)
            let place = (y * side + x) * 3
            pixels[place] = UInt8(bytes.x)
            pixels[place + 1] = UInt8(bytes.y)
            pixels[place + 2] = UInt8(bytes.z)
        }
    }
    return RGBImage(width: side, height: side, pixels: pixels)
}
