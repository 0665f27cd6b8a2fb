// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// What was unpacked.
public struct UnpackedContent: Equatable, Sendable {
    /// The number of files.
    public let fileCount: Int
    /// Their bytes.
    public let byteCount: Int
}

/// Unpacks a ZIP or tar archive that nobody vouches for into a new folder.
///
/// Files and folders only, each below the folder, each once, within the limits; all else is refused by name. After an
/// error the folder holds a part and is the caller's to remove. Nothing is synced.
///
/// - Parameters:
///   - archive: the archive; its content tells which kind it is.
///   - folder: the folder, which is made and must not be there.
///   - fileSystem: makes the files and folders.
///   - limits: how much may come out.
///   - onProgress: is told how many files and bytes are out.
/// - Throws: `ArchiveError` for the archive's faults, `FileError` for the disk's.
/// - Returns: how much there is.
public func unpack(
    _ archive: FilePath,
    into folder: FilePath,
    on fileSystem: LocalFileSystem = LocalFileSystem(),
    limits: ArchiveLimits,
    onProgress: (UnpackedContent) -> Void
) throws -> UnpackedContent {
    let size = try LocalFileSystem().byteCount(ofUserFile: archive)
    var reader = try ArchiveReader(archive)
    var unpacking = Unpacking(folder, fileSystem, limits, byteLimit: limits.bytes(fromArchiveOf: size))
    try fileSystem.makeDirectory(folder)
    while let entry = try reader.next() {
        try unpacking.unpack(entry, from: &reader)
        onProgress(unpacking.content)
    }
    return unpacking.content
}

/// The state of an archive that is being unpacked.
private struct Unpacking {
    private let folder: FilePath
    private let fileSystem: LocalFileSystem
    private let limits: ArchiveLimits
    private let byteLimit: Int
    private var fileCount = 0
    private var byteCount = 0
    private var entryCount = 0
    private var files: Set<String> = []
    private var folders: Set<String> = [""]
    private var buffer = [UInt8](repeating: 0, count: 1 << 20)

    init(_ folder: FilePath, _ fileSystem: LocalFileSystem, _ limits: ArchiveLimits, byteLimit: Int) {
        self.folder = folder
        self.fileSystem = fileSystem
        self.limits = limits
        self.byteLimit = byteLimit
    }

    var content: UnpackedContent { UnpackedContent(fileCount: fileCount, byteCount: byteCount) }

    mutating func unpack(_ entry: ArchiveReader.Entry, from reader: inout ArchiveReader) throws {
        entryCount += 1
        guard entryCount <= limits.entries else {
            throw ArchiveError.tooMuch(reason: "it has more than \(limits.entries) entries")
        }
        let name = try EntryName(entry.name)
        func refuse(_ reason: String) -> ArchiveError { .forbiddenEntry(name: name.path, reason: reason) }
        switch entry.kind {
        case .other(let kind): throw refuse("it is \(kind)")
        case .folder:
            guard !files.contains(name.path) else { throw refuse("a file has the same name") }
            try makeFolders(name.parts)
        case .file:
            guard !entry.isEncrypted else { throw refuse("it is encrypted") }
            guard !name.parts.isEmpty else { throw refuse("it has no name") }
            if let stated = entry.byteCount { try checkSize(stated, refuse) }
            try makeFolders(Array(name.parts.dropLast()))
            guard !folders.contains(name.path), files.insert(name.path).inserted else {
                throw refuse("another entry has the same name")
            }
            try write(name, from: &reader, refuse)
            fileCount += 1
        }
    }

    private func checkSize(_ size: Int, _ refuse: (String) -> ArchiveError) throws {
        guard size >= 0, size <= limits.fileBytes else {
            throw refuse("it has more than the \(ByteCount(limits.fileBytes)) that a file may have")
        }
        guard size <= byteLimit - byteCount else {
            throw ArchiveError.tooMuch(reason: "its files have more than the \(ByteCount(byteLimit)) that are allowed")
        }
    }

    private mutating func makeFolders(_ parts: [String]) throws {
        for depth in parts.indices {
            let path = parts[...depth].joined(separator: "/")
            if folders.contains(path) { continue }
            guard !files.contains(path) else {
                throw ArchiveError.forbiddenEntry(name: path, reason: "it is a file and a folder at once")
            }
            folders.insert(path)
            try fileSystem.makeDirectory(folder.below(path))
        }
    }

    private mutating func write(
        _ name: EntryName,
        from reader: inout ArchiveReader,
        _ refuse: (String) -> ArchiveError
    ) throws {
        let path = folder.below(name.path)
        let descriptor = try fileSystem.open(path, .writeOnly, options: [.exclusiveCreate, .noFollow])
        defer { try? descriptor.close() }
        var size = 0
        while true {
            let count = try reader.read(into: &buffer)
            if count == 0 { break }
            size += count
            byteCount += count
            guard size <= limits.fileBytes, byteCount <= byteLimit else {
                byteCount -= count
                return try checkSize(size, refuse)
            }
            do {
                _ = try unsafe buffer.withUnsafeBytes {
                    try unsafe descriptor.writeAll(UnsafeRawBufferPointer(rebasing: $0[..<count]))
                }
            } catch {
                throw FileError("write", path, error as? Errno ?? .ioError)
            }
        }
    }
}
