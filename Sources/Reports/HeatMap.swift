// SPDX-License-Identifier: MIT

internal import Drawing
private import ImageCoding
private import SystemSupport

extension ComparisonReport {
    /// A picture of one layer's similarities, models by models, as a PNG.
    ///
    /// - Throws: an error of drawing or encoding.
    /// - Returns: the file's bytes.
    public func heatMap(of layer: String) throws -> [UInt8] {
        let count = models.count
        let cell = Double(max(12, min(72, 1440 / count)))
        let fontSize = min(14, cell * 0.62)
        let values = matrix(of: layer, \.cka)
        let measure = try Canvas(width: 1, height: 1)
        let labels = models.map { shortened($0) }
        let labelWidth = labels.map { measure.width(of: $0, size: fontSize) }.max() ?? 0
        let (left, top, margin) = (labelWidth + 24, labelWidth + 56, 96.0)
        let side = cell * Double(count)
        let width = Int(max(left + side + margin, measure.width(of: title(layer), size: 16) + 48))
        let canvas = try Canvas(width: width, height: Int(top + side + 24))
        canvas.write(title(layer), x: 16, y: 28, size: 16, anchor: .start, angle: 0, .ink)
        for (index, label) in labels.enumerated() {
            let middle = (Double(index) + 0.5) * cell + fontSize * 0.35
            canvas.write(label, x: left - 8, y: top + middle, size: fontSize, anchor: .end, angle: 0, .ink)
            canvas.write(label, x: left + middle, y: top - 8, size: fontSize, anchor: .start, angle: -.pi / 2, .ink)
        }
        for row in 0..<count {
            for column in 0..<count {
                let value = values[row * count + column]
                let color = Self.color(of: value)
                let (x, y) = (left + Double(column) * cell, top + Double(row) * cell)
                canvas.fill(x: x, y: y, width: cell - 1, height: cell - 1, color)
                guard cell >= 36 else { continue }
                canvas.write(
                    value.isNaN ? "–" : decimals(value, cell >= 60 ? 4 : 2),
                    x: x + cell / 2,
                    y: y + cell / 2 + 4.5,
                    size: 12,
                    anchor: .middle,
                    angle: 0,
                    color.luminance > 0.45 ? .ink : .white
                )
            }
        }
        drawScale(on: canvas, x: left + side + 24, y: top, height: max(side, 96))
        return try encodePNG(RGBImage(width: width, height: Int(top + side + 24), pixels: canvas.pixels()))
    }

    private func title(_ layer: String) -> String {
        "\(layer): CKA, mean of \(counted(epochs, "epoch")) of \(counted(images, "image"))"
    }

    private func shortened(_ name: String) -> String { name.count <= 24 ? name : name.prefix(23) + "…" }

    private func drawScale(on canvas: borrowing Canvas, x: Double, y: Double, height: Double) {
        for step in 0..<Int(height) {
            let value = 1 - (Double(step) + 0.5) / height
            canvas.fill(x: x, y: y + Double(step), width: 14, height: 1, Self.color(of: value))
        }
        for (label, place) in [("1", 0.0), ("0.5", 0.5), ("0", 1.0)] {
            canvas.write(label, x: x + 20, y: y + place * height + 4, size: 12, anchor: .start, angle: 0, .ink)
        }
    }

    /// From dark blue through green to yellow, even in brightness; grey where there is no value.
    static func color(of value: Double) -> Color {
        guard value.isFinite else { return .mist }
        let stops: [(Double, Double, Double)] = [
            (0.267, 0.005, 0.329), (0.254, 0.265, 0.530), (0.164, 0.471, 0.558), (0.135, 0.659, 0.518),
            (0.478, 0.821, 0.318), (0.993, 0.906, 0.144),
        ]
        let place = min(max(value, 0), 1) * Double(stops.count - 1)
        let lower = min(Int(place), stops.count - 2)
        let part = place - Double(lower)
        func mix(_ a: Double, _ b: Double) -> Double { a + (b - a) * part }
        let (a, b) = (stops[lower], stops[lower + 1])
        return Color(red: mix(a.0, b.0), green: mix(a.1, b.1), blue: mix(a.2, b.2))
    }
}
