// SPDX-License-Identifier: MIT

private import Drawing
public import ImageCoding
private import SystemSupport

/// All pictures of one model's layer on one sheet, in the order given: row by row, from the left.
public struct AtlasSheet: Sendable {
    /// What the sheet shows, for its title.
    public struct Title: Sendable {
        /// The campaign's id.
        public let campaign: String
        /// The model.
        public let model: String
        /// The layer.
        public let layer: String
        /// The steps that a picture took.
        public let steps: Int

        /// Says what a sheet shows.
        public init(campaign: String, model: String, layer: String, steps: Int) {
            self.campaign = campaign
            self.model = model
            self.layer = layer
            self.steps = steps
        }
    }

    /// A neuron's place on the sheet.
    public struct Tile: Sendable {
        /// The neuron's channel; nil for a direction.
        public let channel: Int?
        /// The objective of the picture.
        public let objective: Double?
        /// The picture, made small; nil where there is none.
        public let thumbnail: RGBImage?
        /// Why there is none, in a few words.
        public let reason: String

        /// Fills a place.
        public init(channel: Int?, objective: Double?, thumbnail: RGBImage?, reason: String = "not there yet") {
            self.channel = channel
            self.objective = objective
            self.thumbnail = thumbnail
            self.reason = reason
        }
    }

    /// The file's bytes.
    public let png: [UInt8]
    /// Where its tiles are.
    public let geometry: AtlasSheetGeometry

    /// Draws a sheet.
    ///
    /// - Parameters:
    ///   - title: what it shows.
    ///   - tiles: the neurons, at most some 15,000.
    /// - Throws: an error of drawing, where there is no or too much to draw, or of encoding.
    public init(title: Title, tiles: [Tile]) throws {
        let geometry = try AtlasSheetGeometry(tiles: tiles)
        let line = title.line(neurons: tiles.count)
        let needed = try Canvas(width: 1, height: 1).width(of: line, size: 16)
        let width = min(Canvas.longestSide, max(geometry.width, Int(needed) + 2 * geometry.originX))
        let canvas = try Canvas(width: width, height: geometry.height)
        canvas.write(line, x: Double(geometry.originX), y: 30, size: 16, anchor: .start, angle: 0, .ink)
        for (place, tile) in tiles.enumerated() {
            let (x, y) = geometry.corner(of: place)
            tile.draw(on: canvas, x: x, y: y, side: geometry.tile, width: geometry.pitchX - geometry.gap)
        }
        png = try encodePNG(RGBImage(width: width, height: geometry.height, pixels: canvas.pixels()))
        self.geometry = geometry.widened(to: width)
    }
}

extension AtlasSheet.Title {
    fileprivate func line(neurons: Int) -> String {
        "\(campaign)  ·  \(model)  ·  \(layer)  ·  \(counted(neurons, "neuron"))  ·  \(counted(steps, "step"))"
    }
}

extension AtlasSheet.Tile {
    private static let paper = Color(red: 0.955, green: 0.955, blue: 0.96)
    private static let quiet = Color(red: 0.42, green: 0.42, blue: 0.45)

    fileprivate func draw(on canvas: borrowing Canvas, x: Int, y: Int, side: Int, width: Int) {
        let (left, top, length) = (Double(x), Double(y), Double(side))
        if let thumbnail {
            canvas.copy(thumbnail.pixels, width: thumbnail.width, height: thumbnail.height, toX: x, y: y)
        } else {
            canvas.fill(x: left, y: top, width: length, height: length, Self.paper)
            let margin = side < 64 ? 2.0 : 6
            let lines = wrapped(reason, width: length - 2 * margin, lines: max(1, (side - 10) / 13), on: canvas)
            for (number, line) in lines.enumerated() {
                let base = top + 16 + Double(number) * 13
                canvas.write(line, x: left + margin, y: base, size: 10, anchor: .start, angle: 0, Self.quiet)
            }
        }
        let base = top + length + 14
        let name = channel.map(String.init) ?? "direction"
        canvas.write(name, x: left, y: base, size: 11, anchor: .start, angle: 0, .ink)
        guard let objective, objective.isFinite else { return }
        let value = significantForPeople(objective)
        let needed = canvas.width(of: name, size: 11) + 6 + canvas.width(of: value, size: 11)
        guard needed <= Double(width) else { return }
        canvas.write(value, x: left + Double(width), y: base, size: 11, anchor: .end, angle: 0, Self.quiet)
    }
}

/// A text in lines that are no wider than given; what does not fit ends in an ellipsis.
private func wrapped(_ text: String, width: Double, lines limit: Int, on canvas: borrowing Canvas) -> [String] {
    var lines = [""]
    // More than this never fits, and a message may be of any length.
    let words = text.prefix(400).split { $0.isWhitespace || ($0.unicodeScalars.first?.value ?? 0) < 32 }
    for word in words {
        let line = lines[lines.count - 1]
        let longer = line.isEmpty ? String(word) : "\(line) \(word)"
        if canvas.width(of: longer, size: 10) <= width || line.isEmpty {
            lines[lines.count - 1] = longer
        } else {
            lines.append(String(word))
        }
    }
    if lines.count > limit {
        lines.removeLast(lines.count - limit)
        lines[limit - 1] += " …"
    }
    return lines.map { line in
        guard canvas.width(of: line, size: 10) > width else { return line }
        var cut = line
        while !cut.isEmpty, canvas.width(of: cut + "…", size: 10) > width { cut.removeLast() }
        return cut + "…"
    }
}

/// Three significant digits, without an exponent where a person would write none.
func significantForPeople(_ number: Double) -> String {
    let magnitude = number.magnitude
    guard magnitude > 0 else { return "0" }
    if magnitude >= 1e6 || magnitude < 1e-4 { return significant(number, 3) }
    let whole = [1.0, 10, 100].firstIndex { magnitude < $0 * 0.9995 } ?? 3
    var decimalPlaces = max(0, 3 - whole)
    if whole == 0 {
        var scaled = magnitude
        while scaled < 0.09995 {
            scaled *= 10
            decimalPlaces += 1
        }
    }
    return decimals(number, decimalPlaces)
}
