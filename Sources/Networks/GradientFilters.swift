// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// Weights in the forms that the way back through a network wants.
enum GradientFilters {
    /// A convolution's weights for the way back: turned by 180°, with inputs and outputs exchanged.
    ///
    /// The gradient before a convolution of stride 1 is a convolution of the gradient behind it with these.
    ///
    /// - Parameters:
    ///   - weights: output, input, row, column.
    ///   - outputs: where each output of the convolution lies in the map that it writes.
    ///   - width: the channels of that map.
    ///   - inputs: the convolution's inputs.
    ///   - side: rows and columns of the window.
    /// - Returns: input, place in the written map, row, column; zeros for places that nothing is written to.
    static func turned(_ weights: [Float], outputs: [Int], width: Int, inputs: Int, side: Int) -> [Float] {
        precondition(weights.count == outputs.count * inputs * side * side, "one weight an output, input and place")
        let window = side * side
        var turned = [Float](repeating: 0, count: inputs * width * window)
        for (output, place) in outputs.enumerated() {
            for input in 0..<inputs {
                for index in 0..<window {
                    turned[(input * width + place) * window + window - 1 - index] =
                        weights[(output * inputs + input) * window + index]
                }
            }
        }
        return turned
    }

    /// The window of a convolution of stride 1 on the way back.
    static func turned(_ window: Window) -> Window {
        precondition(window.stride == 1, "only steps of one pixel turn into a convolution")
        return Window(
            side: window.side,
            stride: 1,
            leadingPadding: window.side - 1 - window.leadingPadding,
            trailingPadding: window.side - 1 - window.trailingPadding
        )
    }

    /// The first layer's weights for the way back to the images in blocks of 2 × 2 pixels.
    ///
    /// A window of seven pixels at every second one, two of them before the first, meets pixel 2m + a from the outputs
    /// m + d with the weight a + 2 − 2d, for d from −2 to 1. So every place of a block of pixels is a channel of a
    /// convolution of the gradient with a window of four outputs.
    ///
    /// - Parameters:
    ///   - weights: output, colour, row, column.
    ///   - outputs: how many outputs there are.
    /// - Returns: colour, row of the block, column of the block; output; row, column.
    static func imageBlocks(_ weights: [Float], outputs: Int) -> [Float] {
        precondition(weights.count == outputs * 3 * 49, "seven by seven pixels of three colours")
        /// The pixel of the seven that the tap of the four meets, where there is one.
        func pixel(_ place: Int, _ tap: Int) -> Int? {
            let pixel = place + 2 - 2 * (tap - 2)
            return (0..<7).contains(pixel) ? pixel : nil
        }
        var blocks = [Float](repeating: 0, count: 12 * outputs * 16)
        for channel in 0..<12 {
            let (color, a, b) = (channel / 4, channel / 2 % 2, channel % 2)
            for output in 0..<outputs {
                for tap in 0..<16 {
                    guard let row = pixel(a, tap / 4), let column = pixel(b, tap % 4) else { continue }
                    blocks[(channel * outputs + output) * 16 + tap] =
                        weights[((output * 3 + color) * 7 + row) * 7 + column]
                }
            }
        }
        return blocks
    }

    /// The window that goes with `imageBlocks` for images of that side.
    static func imageBlockWindow(side: Int) -> Window {
        Window(side: 4, stride: 1, leadingPadding: 2, trailingPadding: side % 2 == 0 ? 1 : 2)
    }
}
