// SPDX-License-Identifier: MIT

/// What a JPEG file's markers say before its first scan.
struct JPEGHeader {
    let width: Int
    let height: Int
    let componentCount: Int
    let orientation: Orientation

    /// Reads the markers up to the frame's; those of EXIF data stand before it.
    init(_ bytes: [UInt8]) throws(ImageError) {
        var orientation: Orientation?
        var position = 2
        while let marker = Self.nextMarker(bytes, from: &position) {
            guard position + 2 <= bytes.count else { break }
            let length = Int(bytes[position]) << 8 | Int(bytes[position + 1])
            guard length >= 2, position + length <= bytes.count else { break }
            let segment = bytes[(position + 2)..<(position + length)]
            let first = segment.startIndex
            switch marker {
            case 0xE1 where orientation == nil && segment.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]):
                orientation = Orientation.stated(inExif: segment.dropFirst(6))
            case 0xC0...0xCF where marker != 0xC4 && marker != 0xC8 && marker != 0xCC:
                guard segment.count >= 6 else { throw Self.damaged("its frame header is too short") }
                height = Int(segment[first + 1]) << 8 | Int(segment[first + 2])
                width = Int(segment[first + 3]) << 8 | Int(segment[first + 4])
                componentCount = Int(segment[first + 5])
                guard width > 0, height > 0 else { throw Self.damaged("it has no pixels") }
                self.orientation = orientation ?? .upright
                return
            case 0xD9, 0xDA: throw Self.damaged("a scan comes before the frame header")
            default: break
            }
            position += length
        }
        throw Self.damaged("it ends before the frame header")
    }

    private static func damaged(_ reason: String) -> ImageError {
        .damaged(format: "JPEG", reason: reason)
    }

    /// Skips to the next marker that has a segment, as libjpeg does, and leaves the position after it.
    private static func nextMarker(_ bytes: [UInt8], from position: inout Int) -> UInt8? {
        while position + 1 < bytes.count {
            let next = bytes[position + 1]
            if bytes[position] == 0xFF, next != 0xFF, next != 0, next != 1, !(0xD0...0xD8).contains(next) {
                position += 2
                return next
            }
            position += 1
        }
        return nil
    }
}
