// SPDX-License-Identifier: MIT

private import CArchive
private import Glibc
internal import SystemPackage

/// An archive that is read from its start to its end: ZIP, or tar, also compressed.
@safe
struct ArchiveReader: ~Copyable {
    private let archive: OpaquePointer

    /// What an entry is.
    struct Entry {
        enum Kind {
            case file, folder
            /// A link, a device or the like, in words.
            case other(String)
        }

        let name: [UInt8]
        let kind: Kind
        /// The bytes that it says it has.
        let byteCount: Int?
        let isEncrypted: Bool
    }

    init(_ file: FilePath) throws(ArchiveError) {
        unsafe archive = try Self.open(file)
    }

    private static func open(_ file: FilePath) throws(ArchiveError) -> OpaquePointer {
        guard let archive = unsafe archive_read_new() else { throw .unreadable(reason: "there is no memory left") }
        // ZIP only by its directory at the end: read from its start, one that was cut would pass for a whole one.
        unsafe archive_read_support_format_zip_seekable(archive)
        unsafe archive_read_support_format_tar(archive)
        unsafe archive_read_support_filter_gzip(archive)
        unsafe archive_read_support_filter_bzip2(archive)
        unsafe archive_read_support_filter_xz(archive)
        unsafe archive_read_support_filter_zstd(archive)
        guard unsafe archive_read_open_filename(archive, file.string, 1 << 20) == ARCHIVE_OK else {
            let failure = unsafe failure(of: archive)
            unsafe archive_read_free(archive)
            throw failure
        }
        return unsafe archive
    }

    deinit { unsafe archive_read_free(archive) }

    /// Goes to the next entry; nil at the end.
    mutating func next() throws(ArchiveError) -> Entry? {
        // Names in UTF-8 must come out as such, whatever the user's language.
        let language = Language()
        defer { language.end() }
        var entry: OpaquePointer?
        let status = unsafe archive_read_next_header(archive, &entry)
        if status == ARCHIVE_EOF { return nil }
        guard status == ARCHIVE_OK, let entry = unsafe entry else { throw unsafe Self.failure(of: archive) }
        guard let name = unsafe archive_entry_pathname(entry) else {
            throw .unreadable(reason: "an entry's name is not UTF-8")
        }
        let isSized = unsafe archive_entry_size_is_set(entry) != 0
        return unsafe Entry(
            name: Array(UnsafeRawBufferPointer(start: name, count: strlen(name))),
            kind: Self.kind(of: entry),
            byteCount: isSized ? Int(archive_entry_size(entry)) : nil,
            isEncrypted: archive_entry_is_encrypted(entry) != 0
        )
    }

    private static func kind(of entry: OpaquePointer) -> Entry.Kind {
        if unsafe archive_entry_hardlink(entry) != nil { return .other("a link") }
        return switch unsafe archive_entry_filetype(entry) & Glibc.S_IFMT {
        case Glibc.S_IFREG: .file
        case Glibc.S_IFDIR: .folder
        case Glibc.S_IFLNK: .other("a link")
        case Glibc.S_IFCHR, Glibc.S_IFBLK: .other("a device")
        case Glibc.S_IFIFO, Glibc.S_IFSOCK: .other("a pipe or socket")
        default: .other("of an unknown kind")
        }
    }

    /// Reads the next bytes of the current entry, and returns how many; 0 at its end, when its checksum was compared.
    mutating func read(into buffer: inout [UInt8]) throws(ArchiveError) -> Int {
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe archive_read_data(archive, $0.baseAddress, $0.count)
        }
        guard count >= 0 else { throw unsafe Self.failure(of: archive) }
        return Int(count)
    }

    private static func failure(of archive: OpaquePointer) -> ArchiveError {
        let reason = unsafe archive_error_string(archive).map { unsafe String(cString: $0) }
        return .unreadable(reason: reason ?? "it is no ZIP and no tar archive")
    }
}

/// The calling thread's language, set to one whose text is UTF-8 and back.
@safe
private struct Language {
    private let previous: locale_t?
    private let new: locale_t?

    init() {
        unsafe new = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)
        unsafe previous = new.map { unsafe uselocale($0) } ?? nil
    }

    func end() {
        if let previous = unsafe previous { _ = unsafe uselocale(previous) }
        if let new = unsafe new { unsafe freelocale(new) }
    }
}
