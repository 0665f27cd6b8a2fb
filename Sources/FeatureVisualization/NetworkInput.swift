// SPDX-License-Identifier: MIT

/// The network's input, three planes of 0…255 less 117, from colours between 0 and 1.
func writeNetworkInput(_ pixels: PixelGrid, into input: inout MutableSpan<Float>) {
    let side = pixels.side
    let area = side * side
    precondition(input.count == 3 * area, "the input has three planes of the picture's size")
    unsafe input.withUnsafeMutableBufferPointer { buffer in
        guard let planes = buffer.baseAddress else { return }
        for index in 0..<side {
            let row = unsafe pixels.row(index)
            for group in 0..<groupCount(width: side) {
                let column = groupStart(group, width: side)
                let four = unsafe FourPixels(row, column)
                let place = index * side + column
                unsafe storeFour(four.red * 255 - 117, planes, place)
                unsafe storeFour(four.green * 255 - 117, planes, area + place)
                unsafe storeFour(four.blue * 255 - 117, planes, 2 * area + place)
            }
        }
    }
}

/// The gradient of colours from that of the network's input; false where a value is not finite.
func readInputGradient(_ gradient: Span<Float>, into pixels: PixelGrid) -> Bool {
    let side = pixels.side
    let area = side * side
    precondition(gradient.count == 3 * area, "the gradient has three planes of the picture's size")
    return unsafe gradient.withUnsafeBufferPointer { buffer in
        guard let planes = buffer.baseAddress else { return false }
        // Zero times a number is zero, unless that is infinite or none.
        var zeros = SIMD4<Float>.zero
        for index in 0..<side {
            let row = unsafe pixels.row(index)
            for group in 0..<groupCount(width: side) {
                let column = groupStart(group, width: side)
                let place = index * side + column
                let four = unsafe FourPixels(
                    red: loadFour(planes, place) * 255,
                    green: loadFour(planes, area + place) * 255,
                    blue: loadFour(planes, 2 * area + place) * 255
                )
                zeros += four.red * 0 + four.green * 0 + four.blue * 0
                unsafe four.store(row, column)
            }
        }
        return zeros == .zero
    }
}
