// SPDX-License-Identifier: MIT

private import Glibc
public import SystemPackage
public import SystemSupport

/// What lies below a folder of images.
///
/// Links are followed, but each real folder is listed once, so that links which lead back do no harm. A name that is not
/// UTF-8, of whatever it is, is refused.
struct FolderContent {
    /// The names of all images, relative to the folder, in the order of their bytes.
    private(set) var images: [String] = []
    /// How many files of other kinds there are, by their endings in small letters; empty for those without one.
    private(set) var others: [String: Int] = [:]
    /// Hidden folders, and those that systems and servers make beside users' files, which are not looked at.
    private(set) var foldersLeftOut: [String] = []
    /// Hidden files that are called like images.
    private(set) var imagesLeftOut: [String] = []

    /// Looks through a folder.
    init(of folder: FilePath) throws {
        var visited: Set<FileIdentity> = []
        var waiting = [""]
        while let relative = waiting.popLast() {
            let directory = folder.pushing(FilePath(relative))
            guard let status = try status(directory), visited.insert(status.identity).inserted else { continue }
            for name in try LocalFileSystem().names(inUserFolder: directory).sorted(by: precedesByBytes).reversed() {
                let below = relative.isEmpty ? name : relative + "/" + name
                let kind = try SystemStatus.kind(folder.pushing(FilePath(below)))
                // What is not UTF-8 was repaired by such signs, and so is not found again.
                if kind == nil, !name.hasPrefix("."), name.unicodeScalars.contains("\u{FFFD}") {
                    throw DatasetError.unreadableName(directory, name: name)
                }
                if kind == .directory, !Self.isOfSystem(name) {
                    waiting.append(below)
                } else {
                    visit(below, name, kind)
                }
            }
        }
        images.sort(by: precedesByBytes)
        foldersLeftOut.sort(by: precedesByBytes)
        imagesLeftOut.sort(by: precedesByBytes)
    }

    private mutating func visit(_ path: String, _ name: String, _ kind: SystemStatus.Kind?) {
        let isImage = ImageNames.endings.contains(Self.ending(of: name))
        switch kind {
        case .directory: foldersLeftOut.append(path)
        case .regular where name.hasPrefix("."): if isImage { imagesLeftOut.append(path) }
        case .regular where isImage: images.append(path)
        case .regular where !Self.filesOfSystems.contains(name.lowercased()):
            others[Self.ending(of: name), default: 0] += 1
        default: break
        }
    }

    private static func ending(of name: String) -> String {
        let parts = name.drop { $0 == "." }.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count > 1 ? parts.last?.lowercased() ?? "" : ""
    }

    // MARK: Systems

    /// Folders of Synology's and QNAP's servers, macOS, ext4 and Windows.
    private static let foldersOfSystems: Set = [
        "@eadir", "@tmp", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "__macosx", "lost+found",
        "$recycle.bin", "system volume information",
    ]
    private static let filesOfSystems: Set = ["thumbs.db", "desktop.ini"]

    private static func isOfSystem(_ folder: String) -> Bool {
        folder.hasPrefix(".") || foldersOfSystems.contains(folder.lowercased())
    }

    // MARK: Words

    /// What is beside the images, for people; none where there is nothing else.
    func remarks(on folder: FilePath) -> [String] {
        var remarks: [String] = []
        if let otherKinds {
            let count = others.values.reduce(0, +)
            let files = "\(counted(count, "other file")), which \(count == 1 ? "is" : "are") not read"
            remarks.append("\"\(folder)\" holds \(files): \(otherKinds); images are \(ImageNames.listed) files")
        }
        if !foldersLeftOut.isEmpty {
            remarks.append(
                "hidden folders and those of systems are left out of \"\(folder)\": \(Self.named(foldersLeftOut))"
            )
        }
        if !imagesLeftOut.isEmpty {
            remarks.append("hidden files are left out of \"\(folder)\": \(Self.named(imagesLeftOut))")
        }
        return remarks
    }

    /// How many files have which other ending, most first; nil where there are none.
    var otherKinds: String? {
        let kinds = others.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        guard !kinds.isEmpty else { return nil }
        let named = kinds.prefix(8).map {
            "\($0.value) \($0.key.isEmpty ? "without an ending" : ".\($0.key.prefix(12))")"
        }
        let rest = kinds.dropFirst(8).reduce(0) { $0 + $1.value }
        return (named + (rest > 0 ? ["\(rest) of other kinds"] : [])).joined(separator: ", ")
    }

    private static func named(_ paths: [String]) -> String {
        let more = paths.count > 5 ? " and \(paths.count - 5) more" : ""
        return paths.prefix(5).map { "\"\($0)\"" }.joined(separator: ", ") + more
    }
}

/// How files of images are called.
enum ImageNames {
    static let endings: Set = ["jpg", "jpeg", "jpe", "jfif", "png"]
    static let listed = ".jpg, .jpeg, .jpe, .jfif and .png"
}

/// The path without links; nil where it leads nowhere.
func realPath(_ path: FilePath) -> FilePath? {
    guard let found = unsafe realpath(path.string, nil) else { return nil }
    defer { unsafe free(found) }
    return FilePath(unsafe String(cString: found))
}

/// Whether there is a folder, or a link to one.
func isDirectory(_ path: FilePath) throws(FileError) -> Bool {
    try SystemStatus.kind(path) == .directory
}

/// Whether there is a file, or a link to one.
public func isRegularFile(_ path: FilePath) throws(FileError) -> Bool {
    try SystemStatus.kind(path) == .regular
}

private func precedesByBytes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}

private struct FileIdentity: Hashable {
    let device: UInt
    let number: UInt
}

private struct SystemStatus {
    enum Kind { case directory, regular, other }

    let identity: FileIdentity
    let kind: Kind

    /// Nil where there is nothing, or only a link that leads nowhere or in a circle.
    static func kind(_ path: FilePath) throws(FileError) -> Kind? {
        try status(path)?.kind
    }
}

private func status(_ path: FilePath) throws(FileError) -> SystemStatus? {
    let answer: stat
    do throws(FileError) {
        answer = try LocalFileSystem().askingAgain(for: path) { () throws(FileError) in
            var answer = stat()
            if unsafe stat(path.string, &answer) != 0 { throw FileError("look at", path, Errno(rawValue: errno)) }
            return answer
        }
    } catch  where error.isAbsence || error.errno == .tooManySymbolicLinkLevels {
        return nil
    }
    let kind: SystemStatus.Kind =
        switch answer.st_mode & S_IFMT {
        case S_IFDIR: .directory
        case S_IFREG: .regular
        default: .other
        }
    return SystemStatus(identity: FileIdentity(device: answer.st_dev, number: answer.st_ino), kind: kind)
}
