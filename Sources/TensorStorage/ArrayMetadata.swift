// SPDX-License-Identifier: MIT

/// The codecs of an array's chunks.
public enum ChunkCompression: String, Hashable, Sendable, CaseIterable {
    /// A zstd frame of the numbers as they are: readable by anything that knows Zarr.
    case zstd
    /// The numbers' bytes put together by their place first, which is smaller and quicker to decode.
    case shuffleZstd
    /// The numbers as they are, which other programs write; nothing tells damage.
    case none
}

/// What a Zarr array holds and how, which its `zarr.json` says.
public struct ArrayMetadata: Equatable, Sendable {
    /// The array's sizes, outermost first.
    public let shape: [Int]
    /// The sizes of what one file holds; nil where each chunk has a file of its own.
    public let shardShape: [Int]?
    /// The sizes of a chunk, of which the last ones may reach beyond the array.
    public let chunkShape: [Int]
    /// How numbers are stored: float16, float32 or float64, or integers that other programs wrote.
    public let elementType: ElementType
    /// The codecs of a chunk.
    public let codec: ChunkCompression
    /// The effort of zstd.
    public let level: Int
    /// Anything else that is worth knowing.
    public let attributes: [String: JSONValue]
    /// A name for each axis, none where empty.
    public let dimensionNames: [String]
    /// Whether a shard's index stands at its end, as in all that is written here.
    let indexAtEnd: Bool
    /// What stands between the numbers of a chunk's key.
    let separator: String
    /// What chunks that are not stored stand for; nil where they must be there, as in all that is written here.
    let fillValue: Float?

    /// Describes a new array; where it is sharded, whole chunks must fill a shard.
    public init(
        shape: [Int],
        shardShape: [Int]?,
        chunkShape: [Int],
        elementType: ElementType,
        codec: ChunkCompression,
        level: Int,
        attributes: [String: JSONValue],
        dimensionNames: [String]
    ) throws(TensorFileError) {
        try self.init(
            shape: shape,
            shardShape: shardShape,
            chunkShape: chunkShape,
            elementType: elementType,
            codec: codec,
            level: level,
            attributes: attributes,
            dimensionNames: dimensionNames,
            indexAtEnd: true,
            separator: "/",
            fillValue: nil
        )
    }

    init(
        shape: [Int],
        shardShape: [Int]?,
        chunkShape: [Int],
        elementType: ElementType,
        codec: ChunkCompression,
        level: Int,
        attributes: [String: JSONValue],
        dimensionNames: [String],
        indexAtEnd: Bool,
        separator: String,
        fillValue: Float?
    ) throws(TensorFileError) {
        func malformed(_ reason: String) -> TensorFileError { .malformed(format: "Zarr", reason: reason) }
        guard (1...32).contains(shape.count), shape.allSatisfy({ $0 >= 0 }),
            elementCount(shape.map { max($0, 1) }, limit: 1 << 48) != nil
        else {
            throw malformed("its shape is \(shape)")
        }
        guard chunkShape.count == shape.count, let chunkCount = elementCount(chunkShape, limit: 1 << 28), chunkCount > 0
        else { throw malformed("its chunks have the shape \(chunkShape)") }
        if let shardShape {
            guard shardShape.count == shape.count,
                zip(shardShape, chunkShape).allSatisfy({ $0 > 0 && $0.isMultiple(of: $1) }),
                elementCount(zip(shardShape, chunkShape).map { $0 / $1 }, limit: 1 << 24) != nil
            else { throw malformed("its shards have the shape \(shardShape), its chunks \(chunkShape)") }
        }
        guard elementType != .bfloat16 else {
            throw .refused(format: "Zarr", reason: "its numbers are of the type \(elementType.rawValue)")
        }
        guard dimensionNames.isEmpty || dimensionNames.count == shape.count else {
            throw malformed("it has \(dimensionNames.count) names for \(shape.count) axes")
        }
        self.shape = shape
        self.shardShape = shardShape
        self.chunkShape = chunkShape
        self.elementType = elementType
        self.codec = codec
        self.level = level
        self.attributes = attributes
        self.dimensionNames = dimensionNames
        self.indexAtEnd = indexAtEnd
        self.separator = separator
        self.fillValue = fillValue
    }

    /// Numbers in a chunk.
    public var chunkElementCount: Int { chunkShape.reduce(1, *) }

    /// Chunks along each axis of the array.
    public var chunkGrid: [Int] { zip(shape, chunkShape).map { ($0 + $1 - 1) / $1 } }

    /// Chunks along each axis of a shard; one where each chunk has a file of its own.
    public var chunksPerShard: [Int] { zip(shardShape ?? chunkShape, chunkShape).map { $0 / $1 } }

    /// Files along each axis of the array.
    public var shardGrid: [Int] { zip(shape, shardShape ?? chunkShape).map { ($0 + $1 - 1) / $1 } }

    /// The name of a shard's file, or of a chunk's where there are no shards, below the array's directory.
    public func key(ofShard coordinates: [Int]) -> String {
        (["c"] + coordinates.map(String.init)).joined(separator: separator)
    }
}
