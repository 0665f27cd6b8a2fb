// SPDX-License-Identifier: MIT

/// Turns the numbers of a chunk into stored bytes and back; one thread owns a codec and its memory.
public struct ChunkCodec: ~Copyable {
    private let elementType: ElementType
    private let isShuffled: Bool
    private let isCompressed: Bool
    private let elementCount: Int
    private let zstd: ZstdCompressor
    private var plain: [UInt8]
    private var shuffled: [UInt8]
    /// Where the encoded bytes of a chunk are read to.
    var encoded: [UInt8] = []

    /// Makes a codec for the chunks of an array.
    public init(_ metadata: ArrayMetadata) throws(ChunkError) {
        elementType = metadata.elementType
        isShuffled = metadata.codec == .shuffleZstd
        isCompressed = metadata.codec != .none
        elementCount = metadata.chunkElementCount
        zstd = try ZstdCompressor(level: metadata.level)
        plain = metadata.elementType == .float16 ? [UInt8](repeating: 0, count: elementCount * 2) : []
        shuffled = isShuffled ? [UInt8](repeating: 0, count: elementCount * elementType.byteCount) : []
    }

    /// Encodes a chunk of single or half precision, in C order, and appends its bytes.
    public mutating func encode(_ elements: Span<Float>, appendingTo output: inout [UInt8]) throws(ChunkError) {
        precondition(elements.count == elementCount, "a chunk has all its elements")
        switch elementType {
        case .float32:
            try unsafe elements.withUnsafeBytes { (bytes) throws(ChunkError) in
                try unsafe encode(bytes, appendingTo: &output)
            }
        case .float16:
            var half = plain
            try narrow(elements, into: &half)
            try unsafe half.span.withUnsafeBytes { (bytes) throws(ChunkError) in
                try unsafe encode(bytes, appendingTo: &output)
            }
        default: throw .wrongType(elementType)
        }
    }

    /// Encodes a chunk of double precision, in C order, and appends its bytes.
    public mutating func encode(_ elements: Span<Double>, appendingTo output: inout [UInt8]) throws(ChunkError) {
        precondition(elements.count == elementCount, "a chunk has all its elements")
        guard elementType == .float64 else { throw .wrongType(elementType) }
        try unsafe elements.withUnsafeBytes { (bytes) throws(ChunkError) in
            try unsafe encode(bytes, appendingTo: &output)
        }
    }

    /// Decodes the bytes of a chunk of single or half precision.
    public mutating func decode(_ bytes: Span<UInt8>, into elements: inout MutableSpan<Float>) throws(ChunkError) {
        precondition(elements.count == elementCount, "a chunk has all its elements")
        switch elementType {
        case .float32:
            try unsafe elements.withUnsafeMutableBytes { (target) throws(ChunkError) in
                try unsafe decode(bytes, into: target)
            }
        case .float16:
            var half: [UInt8] = []
            swap(&half, &plain)
            defer { swap(&half, &plain) }
            var target = half.mutableSpan
            try unsafe target.withUnsafeMutableBytes { (target) throws(ChunkError) in
                try unsafe decode(bytes, into: target)
            }
            for index in elements.indices {
                let bits = UInt16(target[2 * index]) | UInt16(target[2 * index + 1]) << 8
                elements[index] = Float(Float16(bitPattern: bits))
            }
        default: throw .wrongType(elementType)
        }
    }

    /// Decodes the bytes of a chunk of double precision.
    public mutating func decode(_ bytes: Span<UInt8>, into elements: inout MutableSpan<Double>) throws(ChunkError) {
        precondition(elements.count == elementCount, "a chunk has all its elements")
        guard elementType == .float64 else { throw .wrongType(elementType) }
        try unsafe elements.withUnsafeMutableBytes { (target) throws(ChunkError) in
            try unsafe decode(bytes, into: target)
        }
    }

    /// Decodes the bytes of a chunk to its numbers' own bytes, whatever their type.
    mutating func decode(_ bytes: Span<UInt8>, intoBytes elements: inout [UInt8]) throws(ChunkError) {
        precondition(elements.count == elementCount * elementType.byteCount, "a chunk has all its elements")
        var target = elements.mutableSpan
        try unsafe target.withUnsafeMutableBytes { (target) throws(ChunkError) in
            try unsafe decode(bytes, into: target)
        }
    }

    // MARK: Stored bytes of a reader

    /// Lends the bytes that were read, until they are given back.
    mutating func takeEncoded() -> [UInt8] {
        let bytes = encoded
        encoded = []
        return bytes
    }

    /// Takes the bytes back, so that their memory is used again.
    mutating func giveBack(_ bytes: [UInt8]) { encoded = bytes }

    // MARK: Bytes

    @unsafe
    private mutating func encode(
        _ bytes: UnsafeRawBufferPointer,
        appendingTo output: inout [UInt8]
    ) throws(ChunkError) {
        guard isCompressed else {
            unsafe output.append(contentsOf: bytes)
            return
        }
        guard isShuffled, let source = bytes.baseAddress else {
            return try unsafe zstd.compress(bytes, appendingTo: &output)
        }
        let (count, wordSize) = (elementCount, elementType.byteCount)
        unsafe shuffled.withUnsafeMutableBufferPointer { target in
            guard let target = target.baseAddress else { return }
            unsafe shuffleBytes(source, into: target, count: count, wordSize: wordSize)
        }
        try unsafe shuffled.span.withUnsafeBytes { (bytes) throws(ChunkError) in
            try unsafe zstd.compress(bytes, appendingTo: &output)
        }
    }

    @unsafe
    private mutating func decode(
        _ bytes: Span<UInt8>,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ChunkError) {
        guard isCompressed else {
            guard bytes.count == target.count else { throw .wrongSize(expected: target.count, actual: bytes.count) }
            return unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
        }
        guard isShuffled, let destination = target.baseAddress else {
            return try unsafe bytes.withUnsafeBytes { (source) throws(ChunkError) in
                try unsafe zstd.decompress(source, into: target)
            }
        }
        let (count, wordSize) = (elementCount, elementType.byteCount)
        var space: [UInt8] = []
        swap(&space, &shuffled)
        defer { swap(&space, &shuffled) }
        var planes = space.mutableSpan
        try unsafe planes.withUnsafeMutableBytes { (planes) throws(ChunkError) in
            try unsafe bytes.withUnsafeBytes { (source) throws(ChunkError) in
                try unsafe zstd.decompress(source, into: planes)
            }
        }
        unsafe space.withUnsafeBufferPointer { source in
            guard let source = source.baseAddress else { return }
            unsafe unshuffleBytes(source, into: destination, count: count, wordSize: wordSize)
        }
    }

    private func narrow(_ elements: Span<Float>, into bytes: inout [UInt8]) throws(ChunkError) {
        for index in elements.indices {
            let half = Float16(elements[index])
            if half.isInfinite, elements[index].isFinite { throw .overflow(elements[index]) }
            bytes[2 * index] = UInt8(truncatingIfNeeded: half.bitPattern)
            bytes[2 * index + 1] = UInt8(truncatingIfNeeded: half.bitPattern >> 8)
        }
    }
}
