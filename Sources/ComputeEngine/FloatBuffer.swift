// SPDX-License-Identifier: MIT

private import Glibc

/// Memory for float32 values, aligned to 64 bytes and zero at first, which belongs to its one owner.
@safe
public final class FloatBuffer: @unchecked Sendable {
    // Sendable because who shares a buffer between threads shares out disjoint regions of it.
    let base: UnsafeMutablePointer<Float>
    /// The number of values.
    public let count: Int

    /// Allocates memory for so many values.
    public init(count: Int) throws(ComputeError) {
        let byteCount = max(64, (count * MemoryLayout<Float>.stride + 63) & ~63)
        guard let memory = unsafe aligned_alloc(64, byteCount) else {
            throw ComputeError(operation: "allocate \(byteCount) bytes", reason: "out of memory")
        }
        unsafe memset(memory, 0, byteCount)
        unsafe base = memory.bindMemory(to: Float.self, capacity: count)
        self.count = count
    }

    deinit { unsafe free(base) }

    /// The whole buffer as a region.
    public var all: FloatRegion { FloatRegion(buffer: self, offset: 0, count: count) }

    /// A part of the buffer.
    public func region(offset: Int, count: Int) -> FloatRegion {
        precondition(offset >= 0 && count >= 0 && offset + count <= self.count, "the region must lie in the buffer")
        return FloatRegion(buffer: self, offset: offset, count: count)
    }
}

/// A contiguous part of a buffer, which it keeps alive.
public struct FloatRegion: Sendable {
    let buffer: FloatBuffer
    let offset: Int
    /// The number of values.
    public let count: Int

    /// Where the values lie, for kernels; valid while the region is.
    package var pointer: UnsafeMutablePointer<Float> { unsafe buffer.base + offset }

    /// A part of the region.
    public func part(offset: Int, count: Int) -> FloatRegion {
        precondition(offset >= 0 && count >= 0 && offset + count <= self.count, "the part must lie in the region")
        return FloatRegion(buffer: buffer, offset: self.offset + offset, count: count)
    }

    /// Reads the values.
    public func withValues<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe Span(_unsafeStart: UnsafePointer(pointer), count: count))
    }

    /// Changes the values.
    public func withMutableValues<Result, Failure: Error>(
        _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var values = unsafe MutableSpan(_unsafeStart: pointer, count: count)
        return try body(&values)
    }
}
