// SPDX-License-Identifier: MIT

/// How a camera was held, as EXIF numbers it: which edges of the stored picture are up and left.
enum Orientation: Int {
    case upright = 1
    case mirrored
    case upsideDown
    case mirroredUpsideDown
    case transposed
    case turnedClockwise
    case transversed
    case turnedAnticlockwise

    private var swapsSides: Bool { rawValue >= 5 }

    private var mirrorsColumns: Bool {
        self == .mirrored || self == .upsideDown || self == .turnedClockwise || self == .transversed
    }

    private var mirrorsRows: Bool {
        self == .upsideDown || self == .mirroredUpsideDown || self == .transversed || self == .turnedAnticlockwise
    }

    /// Turns a stored picture into the one to show.
    func applied(to image: RGBImage) -> RGBImage {
        if self == .upright { return image }
        let width = swapsSides ? image.height : image.width
        let height = swapsSides ? image.width : image.height
        let stored = image.pixels.span
        let pixels = [UInt8](capacity: stored.count) { output in
            for y in 0..<height {
                let row = mirrorsRows ? height - 1 - y : y
                for x in 0..<width {
                    let column = mirrorsColumns ? width - 1 - x : x
                    let source = swapsSides ? column * image.width + row : row * image.width + column
                    output.append(stored[source * 3])
                    output.append(stored[source * 3 + 1])
                    output.append(stored[source * 3 + 2])
                }
            }
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }

    /// Finds the orientation in EXIF data, which begin with their byte order; upright where they hold none.
    static func stated(inExif exif: ArraySlice<UInt8>) -> Orientation {
        let reader = ExifReader(bytes: exif)
        guard let directory = reader.firstDirectory, let count = reader.number(at: directory, bytes: 2) else {
            return .upright
        }
        for entry in 0..<count {
            let position = directory + 2 + entry * 12
            guard let tag = reader.number(at: position, bytes: 2) else { return .upright }
            if tag == 0x0112 {
                return reader.number(at: position + 8, bytes: 2).flatMap(Orientation.init(rawValue:)) ?? .upright
            }
        }
        return .upright
    }
}

/// Numbers of a TIFF structure, in either byte order, nil outside of it.
private struct ExifReader {
    let bytes: ArraySlice<UInt8>

    private var isLittleEndian: Bool? {
        switch (byte(0), byte(1)) {
        case (0x49, 0x49): true
        case (0x4D, 0x4D): false
        default: nil
        }
    }

    var firstDirectory: Int? {
        number(at: 2, bytes: 2) == 42 ? number(at: 4, bytes: 4) : nil
    }

    func number(at position: Int, bytes count: Int) -> Int? {
        guard let isLittleEndian, position <= bytes.count else { return nil }
        var value = 0
        for index in 0..<count {
            guard let next = byte(position + (isLittleEndian ? count - 1 - index : index)) else { return nil }
            value = value << 8 | Int(next)
        }
        return value
    }

    private func byte(_ position: Int) -> UInt8? {
        position < bytes.count ? bytes[bytes.startIndex + position] : nil
    }
}
