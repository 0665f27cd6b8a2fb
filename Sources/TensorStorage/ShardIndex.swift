// SPDX-License-Identifier: MIT

/// Where the chunks of a shard lie in its file.
struct ShardIndex: Sendable {
    /// Offset and length of each chunk, in C order; both are all ones for a missing chunk.
    private(set) var places: [(offset: UInt64, count: UInt64)]

    /// An index of missing chunks.
    init(chunkCount: Int) {
        places = Array(repeating: (.max, .max), count: chunkCount)
    }

    /// Bytes of an encoded index.
    static func byteCount(chunkCount: Int) -> Int { chunkCount * 16 + 4 }

    /// Reads an index of a known number of chunks; nil if its checksum does not fit.
    init?(decoding bytes: [UInt8]) {
        var cursor = ByteCursor(bytes, format: "Zarr")
        let chunkCount = (bytes.count - 4) / 16
        places = []
        places.reserveCapacity(chunkCount)
        for _ in 0..<chunkCount {
            guard let offset = try? cursor.number(bytes: 8), let count = try? cursor.number(bytes: 8) else {
                return nil
            }
            places.append((offset, count))
        }
        guard let checksum = try? cursor.number(bytes: 4), UInt32(checksum) == crc32c(bytes.dropLast(4)) else {
            return nil
        }
    }

    /// The index with its checksum.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount(chunkCount: places.count))
        for place in places {
            appendLittleEndian(place.offset, to: &bytes)
            appendLittleEndian(place.count, to: &bytes)
        }
        appendLittleEndian(crc32c(bytes), to: &bytes)
        return bytes
    }

    func isMissing(_ number: Int) -> Bool { places[number].offset == .max && places[number].count == .max }

    mutating func set(_ number: Int, offset: Int, count: Int) {
        places[number] = (UInt64(offset), UInt64(count))
    }
}

/// The position that has a number in C order.
func gridPosition(_ number: Int, in grid: [Int]) -> [Int] {
    var (left, position) = (number, grid)
    for axis in grid.indices.reversed() { (left, position[axis]) = left.quotientAndRemainder(dividingBy: grid[axis]) }
    return position
}

/// The number of a position in C order; nil for one outside of the grid.
func gridNumber(_ position: [Int], in grid: [Int]) -> Int? {
    guard position.count == grid.count else { return nil }
    var number = 0
    for (coordinate, size) in zip(position, grid) {
        guard coordinate >= 0, coordinate < size else { return nil }
        number = number * size + coordinate
    }
    return number
}
