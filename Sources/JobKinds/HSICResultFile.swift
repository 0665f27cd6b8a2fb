// SPDX-License-Identifier: MIT

private import Campaigns
private import FoundationEssentials
public import RepresentationSimilarity

/// The result of an `hsic` job: a line of JSON that says what follows, then float64 numbers, little-endian.
public struct HSICResultFile: Equatable, Sendable {
    /// The sums of one layer.
    public struct Block: Equatable, Sendable {
        /// The layer.
        public let layer: String
        /// For each Gram matrix, the squared norm of the features' mean.
        public let meanSquares: [Double]
        /// The sums of each group of rows.
        public let partials: [HSICPartialSums]

        /// Puts sums together.
        public init(layer: String, meanSquares: [Double], partials: [HSICPartialSums]) {
            self.layer = layer
            self.meanSquares = meanSquares
            self.partials = partials
        }
    }

    /// The layers' sums, in the campaign's order.
    public let blocks: [Block]

    /// Puts layers together.
    public init(blocks: [Block]) {
        self.blocks = blocks
    }

    private struct Header: Codable {
        struct Block: Codable {
            let layer: String
            let matrices: Int
            let images: Int
            let groups: [[Int]]
        }

        let format: Int
        let blocks: [Block]
    }

    /// The file's bytes.
    public func encoded() -> [UInt8] {
        let header = Header(
            format: 1,
            blocks: blocks.map { block in
                Header.Block(
                    layer: block.layer,
                    matrices: block.meanSquares.count,
                    images: block.partials.first?.images ?? 0,
                    groups: block.partials.map { [$0.rows.lowerBound, $0.rows.upperBound] }
                )
            }
        )
        var bytes = (try? Array(canonicalJSON(header))) ?? []
        bytes.append(UInt8(ascii: "\n"))
        for block in blocks {
            append(block.meanSquares, to: &bytes)
            for partial in block.partials {
                for values in [partial.sums, partial.ownSums, partial.diagonals, partial.columnSums] {
                    append(values, to: &bytes)
                }
            }
        }
        return bytes
    }

    /// Reads a file; nil where it is not one.
    public init?(decoding bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
            let header = try? JSONDecoder().decode(Header.self, from: Data(bytes[..<end])), header.format == 1
        else { return nil }
        var position = end + 1
        func next(_ count: Int) -> [Double]? {
            guard count >= 0, count <= (bytes.count - position) / 8 else { return nil }
            defer { position += 8 * count }
            return doubles(in: bytes.span.extracting(position..<position + 8 * count))
        }
        var blocks: [Block] = []
        for block in header.blocks {
            let (m, n) = (block.matrices, block.images)
            guard (0...1_000_000).contains(m), (0...1_000_000_000).contains(n), let meanSquares = next(m) else {
                return nil
            }
            var partials: [HSICPartialSums] = []
            for group in block.groups {
                guard group.count == 2, 0 <= group[0], group[0] <= group[1], group[1] <= n,
                    let sums = next(HSICPartialSums.pairs(m)), let ownSums = next(HSICPartialSums.pairs(m)),
                    let diagonals = next(m * (group[1] - group[0])), let columnSums = next(m * n),
                    let partial = HSICPartialSums(
                        matrices: m,
                        images: n,
                        rows: group[0]..<group[1],
                        sums: sums,
                        ownSums: ownSums,
                        diagonals: diagonals,
                        columnSums: columnSums
                    )
                else { return nil }
                partials.append(partial)
            }
            blocks.append(Block(layer: block.layer, meanSquares: meanSquares, partials: partials))
        }
        guard position == bytes.count else { return nil }
        self.blocks = blocks
    }

    private func append(_ values: [Double], to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + values.count * 8)
        for value in values {
            var bits = value.bitPattern
            for _ in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: bits))
                bits >>= 8
            }
        }
    }
}

private func doubles(in bytes: Span<UInt8>) -> [Double] {
    (0..<bytes.count / 8).map { index in
        var bits: UInt64 = 0
        for byte in 0..<8 { bits |= UInt64(bytes[index * 8 + byte]) << UInt64(8 * byte) }
        return Double(bitPattern: bits)
    }
}
