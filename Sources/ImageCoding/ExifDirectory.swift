// SPDX-License-Identifier: MIT

/// The first directory of EXIF data, read as OpenCV reads it, whatever is wrong with it.
///
/// OpenCV looks at neither the type nor the count of the orientation, takes any byte order but Intel's for Motorola's, and
/// gives up at the first entry that it knows and whose value lies outside of the data.
struct ExifDirectory {
    let bytes: [UInt8]

    /// The number that stands for the orientation, which may mean nothing; nil where none is found.
    var orientation: Int? {
        guard number(at: 2, bytes: 2) == 42, let start = number(at: 4, bytes: 4),
            let count = number(at: start, bytes: 2)
        else { return nil }
        for entry in 0..<count {
            let position = start + 2 + entry * 12
            guard let tag = number(at: position, bytes: 2) else { return nil }
            if tag == 0x0112 { return number(at: position + 8, bytes: 2) }
            guard isReadable(tag, at: position) else { return nil }
        }
        return nil
    }

    /// Whether OpenCV goes on behind an entry.
    private func isReadable(_ tag: Int, at position: Int) -> Bool {
        switch tag {
        case 0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x8298:  // texts
            guard let length = number(at: position + 4, bytes: 4) else { return false }
            // Texts of up to four bytes stand in the entry; OpenCV looks for them behind the first eight bytes.
            guard let start = length > 4 ? number(at: position + 8, bytes: 4) : 8 else { return false }
            return start + length <= bytes.count
        case 0x0128, 0x0213: return number(at: position + 8, bytes: 2) != nil  // a unit, a position
        case 0x011A, 0x011B: return hasFractions(1, at: position)  // resolutions
        case 0x013E: return hasFractions(2, at: position)  // the white point
        case 0x0211: return hasFractions(3, at: position)  // coefficients of colours
        case 0x013F, 0x0214: return hasFractions(6, at: position)  // primary colours, black and white
        default: return true
        }
    }

    /// Whether the fractions to which an entry points, of eight bytes each, lie within the data.
    private func hasFractions(_ count: Int, at position: Int) -> Bool {
        guard let start = number(at: position + 8, bytes: 4) else { return false }
        return start + 8 * count <= bytes.count
    }

    /// A number in the data's byte order; nil outside of them.
    private func number(at position: Int, bytes count: Int) -> Int? {
        guard position + count <= bytes.count else { return nil }
        let digits = bytes[position..<(position + count)]
        let isLittleEndian = bytes.starts(with: [0x49, 0x49])
        return isLittleEndian
            ? digits.reversed().reduce(0) { $0 << 8 | Int($1) } : digits.reduce(0) { $0 << 8 | Int($1) }
    }
}
