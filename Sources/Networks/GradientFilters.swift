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

    /// The first layer's weights for the way back to the images in blocks of pixels.
    ///
    /// A window of seven pixels at every second one, two of them before the first, meets the pixel a of a block of
    /// 2n pixels, the block m, from the outputs n·m + d with the weight a + 2 − 2d, for d from −2 to n. So every place of
    /// a block is a channel of a convolution of the gradient with a window of n + 3 outputs, n apart.
    ///
    /// - Parameters:
    ///   - weights: output, colour, row, column.
    ///   - outputs: how many outputs there are.
    ///   - images: how their pixels lie.
    /// - Returns: colour, row of the block, column of the block; output; row, column.
    static func imageBlocks(_ weights: [Float], outputs: Int, _ images: ImageBlocks) -> [Float] {
        precondition(weights.count == outputs * 3 * 49, "seven by seven pixels of three colours")
        /// The pixel of the seven that a tap of a window meets, where there is one.
        func pixel(_ place: Int, _ tap: Int) -> Int? {
            let pixel = place + 2 - 2 * (tap - 2)
            return (0..<7).contains(pixel) ? pixel : nil
        }
        let (rows, columns) = imageBlockWindows(images)
        let window = rows.side * columns.side
        var blocks = [Float](repeating: 0, count: images.channels * outputs * window)
        for channel in 0..<images.channels {
            let (line, b) = channel.quotientAndRemainder(dividingBy: images.width)
            let (color, a) = line.quotientAndRemainder(dividingBy: ImageBlocks.height)
            for output in 0..<outputs {
                for tap in 0..<window {
                    guard let row = pixel(a, tap / columns.side), let column = pixel(b, tap % columns.side) else {
                        continue
                    }
                    blocks[(channel * outputs + output) * window + tap] =
                        weights[((output * 3 + color) * 7 + row) * 7 + column]
                }
            }
        }
        return blocks
    }

    /// The windows that go with `imageBlocks`.
    static func imageBlockWindows(_ images: ImageBlocks) -> (rows: Window, columns: Window) {
        /// The window over the first layer's outputs, of which there is one for every two whole pixels.
        func window(_ pixels: Int) -> Window {
            let step = pixels / 2
            let blocks = (images.side + pixels - 1) / pixels
            // As much as gives a position for each block; there are side / 2 outputs.
            return Window(
                side: step + 3,
                stride: step,
                leadingPadding: 2,
                trailingPadding: blocks * step + 1 - images.side / 2
            )
        }
        return (window(ImageBlocks.height), window(images.width))
    }
}
