// SPDX-License-Identifier: MIT

private import CZip

/// A ZIP archive in memory, of which entries are read that are stored or deflated.
@safe
struct ZipArchive: ~Copyable {
    private let archive: OpaquePointer
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    /// The names of the entries.
    let names: [String]
    /// Whether any entry is compressed.
    let isCompressed: Bool

    init(_ file: [UInt8]) throws(TensorFileError) {
        // libzip reads the bytes as long as the archive is open, so they get a place that stays.
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: file.count)
        _ = unsafe bytes.initialize(fromContentsOf: file)
        do throws(TensorFileError) {
            let archive = try unsafe Self.open(UnsafeBufferPointer(bytes))
            var names: [String] = []
            var isCompressed = false
            for index in 0..<max(0, unsafe zip_get_num_entries(archive, 0)) {
                guard let name = unsafe zip_get_name(archive, UInt64(index), 0) else { continue }
                names.append(unsafe String(cString: name))
                var status = unsafe zip_stat_t()
                guard unsafe zip_stat_index(archive, UInt64(index), 0, &status) == 0 else { continue }
                if unsafe status.comp_method != ZIP_CM_STORE { isCompressed = true }
            }
            unsafe self.archive = archive
            unsafe self.bytes = bytes
            self.names = names
            self.isCompressed = isCompressed
        } catch {
            unsafe bytes.deallocate()
            throw error
        }
    }

    deinit {
        unsafe zip_discard(archive)
        unsafe bytes.deallocate()
    }

    private static func open(_ bytes: UnsafeBufferPointer<UInt8>) throws(TensorFileError) -> OpaquePointer {
        var failure = unsafe zip_error_t()
        let source = unsafe zip_source_buffer_create(bytes.baseAddress, UInt64(bytes.count), 0, &failure)
        if let source = unsafe source {
            if let archive = unsafe zip_open_from_source(source, ZIP_RDONLY, &failure) { return unsafe archive }
            unsafe zip_source_free(source)
        }
        let reason = unsafe String(cString: zip_error_strerror(&failure))
        unsafe zip_error_fini(&failure)
        throw .malformed(format: "ZIP", reason: reason)
    }

    /// The bytes of an entry, checked against the archive's checksum.
    ///
    /// Entries may claim the same bytes of the file, so callers that keep many count down the limit.
    func contents(of name: String, limit: Int) throws(TensorFileError) -> [UInt8] {
        var status = unsafe zip_stat_t()
        guard unsafe zip_stat(archive, name, 0, &status) == 0 else { throw malformed(name) }
        let methods = [ZIP_CM_STORE, ZIP_CM_DEFLATE].map { UInt16($0) }
        guard unsafe methods.contains(status.comp_method), unsafe status.encryption_method == ZIP_EM_NONE else {
            throw .refused(
                format: "ZIP",
                reason: "the entry \"\(name)\" is encrypted, or compressed otherwise than by deflate; \(savingRemedy)"
            )
        }
        guard let size = unsafe Int(exactly: status.size), size <= limit else {
            throw .malformed(
                format: "ZIP",
                reason: "the entry \"\(name)\" is larger than a file of this size may unpack to"
            )
        }
        guard let entry = unsafe zip_fopen(archive, name, 0) else { throw malformed(name) }
        defer { unsafe zip_fclose(entry) }
        var contents = [UInt8](repeating: 0, count: size)
        let count = unsafe contents.withUnsafeMutableBytes { unsafe zip_fread(entry, $0.baseAddress, UInt64(size)) }
        guard count == size else { throw malformed(name) }
        // The checksum is compared when the end is met.
        var extra: UInt8 = 0
        guard unsafe zip_fread(entry, &extra, 1) == 0 else { throw malformed(name) }
        return contents
    }

    private func malformed(_ name: String) -> TensorFileError {
        let reason = unsafe String(cString: zip_strerror(archive))
        return .malformed(format: "ZIP", reason: "the entry \"\(name)\" cannot be read: \(reason)")
    }
}

extension ZipArchive {
    /// Whether PyTorch's compiler wrote it.
    var isTorchScript: Bool { names.contains { $0 == "constants.pkl" || $0.hasSuffix("/constants.pkl") } }
}
