// SPDX-License-Identifier: MIT

private import Glibc
internal import SystemPackage
internal import SystemSupport

/// The names of all images below a folder, relative to it, in the order of their bytes.
///
/// Hidden files and folders are skipped. Links are followed, but each real folder is listed once, so
/// that links which lead back do no harm. A name that is not UTF-8, of whatever it is, is refused.
func imageNames(below folder: FilePath) throws -> [String] {
    var names: [String] = []
    var visited: Set<FileIdentity> = []
    var waiting = [""]
    while let relative = waiting.popLast() {
        let directory = folder.pushing(FilePath(relative))
        guard let status = try status(directory), visited.insert(status.identity).inserted else { continue }
        for name in try LocalFileSystem().names(inUserFolder: directory).sorted(by: precedesByBytes).reversed() {
            if name.hasPrefix(".") { continue }
            let below = relative.isEmpty ? name : relative + "/" + name
            guard let kind = try SystemStatus.kind(folder.pushing(FilePath(below))) else {
                // What is not UTF-8 was repaired by such signs, and so is not found again.
                if name.unicodeScalars.contains("\u{FFFD}") { throw DatasetError.unreadableName(directory, name: name) }
                continue
            }
            if kind == .directory { waiting.append(below) }
            if kind == .regular, isImageName(name) { names.append(below) }
        }
    }
    return names.sorted(by: precedesByBytes)
}

/// Whether there is a folder, or a link to one.
func isDirectory(_ path: FilePath) throws(FileError) -> Bool {
    try SystemStatus.kind(path) == .directory
}

/// Whether there is a file, or a link to one.
func isRegularFile(_ path: FilePath) throws(FileError) -> Bool {
    try SystemStatus.kind(path) == .regular
}

private func isImageName(_ name: String) -> Bool {
    let lowercased = name.lowercased()
    return [".jpg", ".jpeg", ".png"].contains { lowercased.hasSuffix($0) }
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
    var answer = stat()
    if unsafe stat(path.string, &answer) != 0 {
        let failure = Errno(rawValue: errno)
        let nothing: [Errno] = [.noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels]
        if nothing.contains(failure) { return nil }
        throw FileError("look at", path, failure)
    }
    let kind: SystemStatus.Kind =
        switch answer.st_mode & S_IFMT {
        case S_IFDIR: .directory
        case S_IFREG: .regular
        default: .other
        }
    return SystemStatus(identity: FileIdentity(device: answer.st_dev, number: answer.st_ino), kind: kind)
}
