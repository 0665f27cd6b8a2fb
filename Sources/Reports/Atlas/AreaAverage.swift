// SPDX-License-Identifier: MIT

internal import ImageCoding

/// The picture in another size: each pixel is the mean of the area that it covers.
func areaAverage(_ image: RGBImage, width: Int, height: Int) -> RGBImage {
    if (width, height) == (image.width, image.height) { return image }
    let columns = Cover(of: image.width, by: width)
    let rows = Cover(of: image.height, by: height)
    let scale = Double(width) * Double(height) / (Double(image.width) * Double(image.height))
    let source = image.pixels.span
    let pixels = [UInt8](capacity: width * height * 3) { output in
        for row in 0..<height {
            for column in 0..<width {
                let sum = weightedSum(source, width: image.width, columns, column, rows, row)
                for channel in 0..<3 { output.append(UInt8(min(255, sum[channel] * scale + 0.5))) }
            }
        }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
}

/// Which input pixels each output pixel covers on one side, and how much of the first and the last.
private struct Cover {
    private let inputs: Int
    private let outputs: Int

    init(of inputs: Int, by outputs: Int) {
        self.inputs = inputs
        self.outputs = outputs
    }

    /// The pixels of which an output covers a part.
    func pixels(of output: Int) -> Range<Int> {
        (output * inputs / outputs)..<(((output + 1) * inputs + outputs - 1) / outputs)
    }

    /// The part of an input that an output covers, 0 to 1.
    func part(of input: Int, in output: Int) -> Double {
        // In whole parts of 1 / outputs, so that nothing is lost.
        let first = max(input * outputs, output * inputs)
        let end = min((input + 1) * outputs, (output + 1) * inputs)
        return Double(end - first) / Double(outputs)
    }
}

private func weightedSum(
    _ pixels: Span<UInt8>,
    width: Int,
    _ columns: Cover,
    _ column: Int,
    _ rows: Cover,
    _ row: Int
) -> SIMD4<Double> {
    var sum = SIMD4<Double>.zero
    for y in rows.pixels(of: row) {
        let height = rows.part(of: y, in: row)
        for x in columns.pixels(of: column) {
            let weight = height * columns.part(of: x, in: column)
            let place = (y * width + x) * 3
            sum += SIMD4(Double(pixels[place]), Double(pixels[place + 1]), Double(pixels[place + 2]), 0) * weight
        }
    }
    return sum
}
