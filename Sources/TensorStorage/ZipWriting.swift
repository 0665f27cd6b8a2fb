// SPDX-License-Identifier: MIT

private import CZip
private import Glibc

/// Packs entries into a ZIP archive, stored as they are; the same entries give the same bytes.
///
/// - Parameters:
///   - entries: names in ASCII and contents, in the archive's order.
///   - alignment: of which number every content's place in the archive is a multiple.
/// - Throws: `TensorFileError` with libzip's words.
/// - Returns: the archive's bytes.
func encodeZip(
    _ entries: [(name: String, contents: [UInt8])],
    alignment: Int
) throws(TensorFileError) -> [UInt8] {
    let archive = try ZipWriter(alignment: alignment)
    for (name, contents) in entries { try archive.add(name, contents) }
    return try archive.finished()
}

/// An archive that grows in memory.
@safe
private final class ZipWriter {
    private let target: OpaquePointer
    private var archive: OpaquePointer?
    private let alignment: Int
    /// Where the next entry's header will lie.
    private var position = 0

    init(alignment: Int) throws(TensorFileError) {
        self.alignment = alignment
        var failure = unsafe zip_error_t()
        defer { unsafe zip_error_fini(&failure) }
        guard let target = unsafe zip_source_buffer_create(nil, 0, 0, &failure) else {
            throw Self.failed(unsafe String(cString: zip_error_strerror(&failure)))
        }
        // Closing the archive gives up one claim on the target; the other one is kept to read it.
        unsafe zip_source_keep(target)
        guard let archive = unsafe zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, &failure) else {
            unsafe zip_source_free(target)
            unsafe zip_source_free(target)
            throw Self.failed(unsafe String(cString: zip_error_strerror(&failure)))
        }
        unsafe self.target = target
        unsafe self.archive = archive
    }

    deinit {
        if let archive = unsafe archive { unsafe zip_discard(archive) }
        unsafe zip_source_free(target)
    }

    func add(_ name: String, _ contents: [UInt8]) throws(TensorFileError) {
        let source = try unsafe source(of: contents)
        let index = unsafe zip_file_add(archive, name, source, 0)
        guard index >= 0 else {
            unsafe zip_source_free(source)
            throw refusal()
        }
        let entry = UInt64(index)
        let padding = self.padding(name)
        // The first day that the format knows, so that the time of writing does not matter.
        let firstDay: UInt16 = 0x21
        // Padding as PyTorch has it: a field of its own in the local header, of letters that mean nothing.
        let (field, count, new) = (UInt16(0x4246), UInt16(padding.count), UInt16(ZIP_EXTRA_FIELD_NEW))
        guard unsafe zip_set_file_compression(archive, entry, ZIP_CM_STORE, 0) == 0,
            unsafe zip_file_set_dostime(archive, entry, 0, firstDay, 0) == 0,
            unsafe zip_file_extra_field_set(archive, entry, field, new, padding, count, UInt32(ZIP_FL_LOCAL)) == 0
        else { throw refusal() }
        position = contentStart(name, padding.count) + contents.count
    }

    func finished() throws(TensorFileError) -> [UInt8] {
        guard unsafe zip_close(archive) == 0 else { throw refusal() }
        unsafe archive = nil
        var status = unsafe zip_stat_t()
        guard unsafe zip_source_stat(target, &status) == 0, unsafe zip_source_open(target) == 0 else {
            throw Self.failed("its bytes cannot be read")
        }
        defer { unsafe zip_source_close(target) }
        var bytes = [UInt8](repeating: 0, count: unsafe Int(status.size))
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe zip_source_read(target, buffer.baseAddress, UInt64(buffer.count))
        }
        guard count == bytes.count else { throw Self.failed("its bytes cannot be read") }
        return bytes
    }

    /// A source that owns a copy of the bytes, which must stay until the archive is closed.
    private func source(of contents: [UInt8]) throws(TensorFileError) -> OpaquePointer {
        // The library would not free a copy of no bytes.
        var copy: UnsafeMutableRawPointer?
        if !contents.isEmpty {
            unsafe copy = malloc(contents.count)
            guard let copy = unsafe copy else { throw Self.failed("there is no memory") }
            unsafe contents.withUnsafeBytes { bytes in
                unsafe UnsafeMutableRawBufferPointer(start: copy, count: bytes.count).copyMemory(from: bytes)
            }
        }
        guard let source = unsafe zip_source_buffer(archive, copy, UInt64(contents.count), 1) else {
            unsafe free(copy)
            throw refusal()
        }
        return unsafe source
    }

    // MARK: Alignment

    /// Where an entry's content begins: behind 30 bytes, its name, and the padding with the four that introduce it.
    private func contentStart(_ name: String, _ padding: Int) -> Int {
        position + 30 + name.utf8.count + 4 + padding
    }

    private func padding(_ name: String) -> [UInt8] {
        let excess = contentStart(name, 0) % alignment
        return [UInt8](repeating: 0x5A, count: excess == 0 ? 0 : alignment - excess)
    }

    // MARK: Errors

    private func refusal() -> TensorFileError {
        guard let archive = unsafe archive else { return Self.failed("it is closed") }
        return Self.failed(unsafe String(cString: zip_strerror(archive)))
    }

    private static func failed(_ reason: String) -> TensorFileError {
        .refused(format: "ZIP", reason: "the archive cannot be written: \(reason)")
    }
}
