// SPDX-License-Identifier: MIT

import ImageCoding
import Testing

@Suite("Resizing", .timeLimit(.minutes(120)))
struct ResizeTests {
    private static let sizes = [(1, 1), (2, 3), (3, 2), (7, 7), (8, 9), (17, 5), (31, 64), (64, 31)]

    @Test("A picture is resized as the slow reference does", arguments: sizes, sizes)
    func agreesWithReference(input: (Int, Int), output: (Int, Int)) {
        let image = picture(width: input.0, height: input.1)
        let resized = image.resizedBilinear(width: output.0, height: output.1)
        #expect([resized.width, resized.height] == [output.0, output.1])
        #expect(resized.pixels == slowlyResized(image, width: output.0, height: output.1))
    }

    @Test("A picture of the wanted size stays as it is")
    func keepsTheSameSize() {
        let image = picture(width: 19, height: 23)
        #expect(image.resizedBilinear(width: 19, height: 23) == image)
    }

    @Test("A window of the result equals that part of the whole", arguments: sizes)
    func windowsAreParts(input: (Int, Int)) {
        let image = picture(width: input.0, height: input.1)
        let whole = image.resizedBilinear(width: 20, height: 16)
        var resampler = CroppingResampler(width: 20, height: 16, columns: 3..<18, rows: 5..<11)
        var planes = [Float](repeating: 0, count: 3 * 15 * 6)
        var span = planes.mutableSpan
        resampler.resample(image, addingToEach: -117, into: &span)
        for channel in 0..<3 {
            for row in 0..<6 {
                for column in 0..<15 {
                    let sample = whole.pixels[((row + 5) * 20 + column + 3) * 3 + channel]
                    #expect(planes[(channel * 6 + row) * 15 + column] == Float(sample) - 117)
                }
            }
        }
    }

    private func picture(width: Int, height: Int) -> RGBImage {
        var random = SplitMix(state: UInt64(width * 1000 + height))
        let pixels = (0..<(width * height * 3)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        return RGBImage(width: width, height: height, pixels: pixels)
    }

    /// Pillow's algorithm, sample by sample: width first, rounded to whole numbers, then height.
    private func slowlyResized(_ image: RGBImage, width: Int, height: Int) -> [UInt8] {
        var narrowed = [Int](repeating: 0, count: width * image.height * 3)
        for x in 0..<width {
            let weights = weights(from: image.width, to: width, output: x)
            for y in 0..<image.height {
                for channel in 0..<3 {
                    narrowed[(y * width + x) * 3 + channel] = rounded(weights) { index in
                        Int(image.pixels[(y * image.width + index) * 3 + channel])
                    }
                }
            }
        }
        var result = [UInt8](repeating: 0, count: width * height * 3)
        for y in 0..<height {
            let weights = weights(from: image.height, to: height, output: y)
            for x in 0..<(width * 3) {
                result[y * width * 3 + x] = UInt8(rounded(weights) { narrowed[$0 * width * 3 + x] })
            }
        }
        return result
    }

    private func rounded(_ weights: [(index: Int, weight: Int)], _ sample: (Int) -> Int) -> Int {
        let sum = weights.reduce(1 << 21) { $0 + $1.weight * sample($1.index) }
        return min(max(sum >> 22, 0), 255)
    }

    private func weights(from input: Int, to output: Int, output position: Int) -> [(index: Int, weight: Int)] {
        let scale = Double(input) / Double(output)
        let reach = max(scale, 1)
        let center = (Double(position) + 0.5) * scale
        let first = max(0, Int(center - reach + 0.5))
        let end = min(input, Int(center + reach + 0.5))
        let heights = (first..<end).map { max(0, 1 - abs((Double($0) - center + 0.5) / reach)) }
        let total = heights.reduce(0, +)
        return zip(first..<end, heights).map { ($0, Int($1 / total * 4_194_304 + 0.5)) }
    }
}
