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

    /// The orientation that the first of some EXIF data states, each beginning with its byte order; upright where none
    /// does.
    static func first(inExif exif: [[UInt8]]) -> Orientation {
        let stated = exif.lazy.compactMap { ExifDirectory(bytes: $0).orientation }.first
        return stated.flatMap(Orientation.init(rawValue:)) ?? .upright
    }
}
