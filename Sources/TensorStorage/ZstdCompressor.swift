// SPDX-License-Identifier: MIT

private import CZstd

/// A zstd compressor and decompressor with their memory, which one thread uses at a time.
@safe
struct ZstdCompressor: ~Copyable {
    private let compressor: OpaquePointer
    private let decompressor: OpaquePointer

    /// Frames get a checksum and state the size of their content.
    init(level: Int) throws(ChunkError) {
        guard let compressor = unsafe ZSTD_createCCtx() else { throw .codec("zstd gave no compressor") }
        guard let decompressor = unsafe ZSTD_createDCtx() else {
            unsafe ZSTD_freeCCtx(compressor)
            throw .codec("zstd gave no decompressor")
        }
        unsafe self.compressor = compressor
        unsafe self.decompressor = decompressor
        unsafe ZSTD_CCtx_setParameter(compressor, ZSTD_c_compressionLevel, Int32(clamping: level))
        unsafe ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 1)
        unsafe ZSTD_CCtx_setParameter(compressor, ZSTD_c_contentSizeFlag, 1)
    }

    deinit {
        unsafe ZSTD_freeCCtx(compressor)
        unsafe ZSTD_freeDCtx(decompressor)
    }

    /// Appends a frame that holds the bytes.
    @unsafe
    func compress(_ source: UnsafeRawBufferPointer, appendingTo output: inout [UInt8]) throws(ChunkError) {
        let bound = ZSTD_compressBound(source.count)
        let start = output.count
        var size = 0
        output.reserveCapacity(start + bound)
        output.append(addingCapacity: bound) { space in
            unsafe space.withUnsafeMutableBufferPointer { buffer, initialized in
                size = unsafe ZSTD_compress2(
                    compressor,
                    buffer.baseAddress,
                    buffer.count,
                    source.baseAddress,
                    source.count
                )
                initialized = ZSTD_isError(size) == 0 ? size : 0
            }
        }
        try check(size)
    }

    /// Fills the target with the content of frames, which must have exactly its size.
    @unsafe
    func decompress(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ChunkError) {
        let stated = unsafe ZSTD_getFrameContentSize(source.baseAddress, source.count)
        // The two largest numbers stand for an unknown size and for no frame; the latter fails below.
        guard stated >= .max - 1 || stated == UInt64(target.count) else {
            throw .wrongSize(expected: target.count, actual: Int(clamping: stated))
        }
        let size = unsafe ZSTD_decompressDCtx(
            decompressor,
            target.baseAddress,
            target.count,
            source.baseAddress,
            source.count
        )
        try check(size)
        guard size == target.count else { throw .wrongSize(expected: target.count, actual: size) }
    }

    private func check(_ size: Int) throws(ChunkError) {
        guard ZSTD_isError(size) == 0 else {
            let reason = unsafe String(cString: ZSTD_getErrorName(size))
            throw .codec("zstd: \(reason)")
        }
    }
}
