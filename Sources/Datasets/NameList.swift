// SPDX-License-Identifier: MIT

public import SystemPackage
private import SystemSupport

/// The most bytes that a file of names may have: some five million names.
private let mostBytes = 256 << 20

/// The images that a file names, a line each, with the numbers of their lines.
///
/// Names lead to places in the data set's folder and nowhere else; they are relative to it, or absolute, also from the
/// home on by "~". `./a.jpg` is `a.jpg`.
func listedNames(in file: FilePath, below folder: FilePath) throws -> [(name: String, line: Int)] {
    var found: [(name: String, line: Int)] = []
    // By bytes, since names that a file system tells apart may be equal texts.
    var lineOfName: [[UInt8]: Int] = [:]
    // As the campaign names it, and without links, as programs write it that make such lists.
    let folders = [folder, realPath(folder) ?? folder].map { parts(of: $0.string) }
    for (text, line) in try linesOfNames(in: file) {
        func refused(_ reason: String) -> DatasetError { .unusableName(file, line: line, reason: reason) }
        guard let parts = parts(of: expandingHome(text), below: folders), !parts.contains("..") else {
            throw refused(
                "\"\(text)\" leads out of the folder of images \"\(folder)\"; names lie in it and are without \"..\""
            )
        }
        let name = parts.joined(separator: "/")
        if let first = lineOfName.updateValue(line, forKey: Array(name.utf8)) {
            throw refused("\"\(text)\" stands here twice, first in line \(first)")
        }
        found.append((name, line))
    }
    return found
}

/// The names that a path goes through from the folder on; nil where it is absolute and begins with none of the folder's paths.
private func parts(of path: String, below folders: [[Substring]]) -> [Substring]? {
    let parts = parts(of: path)
    guard path.hasPrefix("/") else { return parts }
    return folders.first { parts.starts(with: $0) && parts.count > $0.count }.map { Array(parts.dropFirst($0.count)) }
}

private func parts(of path: String) -> [Substring] {
    path.split(separator: "/").filter { $0 != "." }
}

/// The lines of a file of names, with their numbers.
///
/// Blank lines, a byte order mark, and the carriage returns of Windows are read over; a name may have spaces anywhere.
///
/// - Parameter file: the file.
/// - Throws: `DatasetError` for what is no list of names.
/// - Returns: the names, at least one.
public func linesOfNames(in file: FilePath) throws -> [(text: String, line: Int)] {
    let bytes = try contents(of: file)
    var found: [(text: String, line: Int)] = []
    let marked = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    // Bytes, since "\r\n" is one character.
    let lines = marked.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
        let content = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        if content.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) { continue }
        func refused(_ reason: String) -> DatasetError { .unusableName(file, line: index + 1, reason: reason) }
        guard let text = String(validating: content, as: UTF8.self) else { throw refused("the name is not UTF-8") }
        guard content.count <= 4096, content.allSatisfy({ $0 != 0 && $0 != UInt8(ascii: "\r") }) else {
            throw refused("a name has at most 4096 bytes, and no zero byte or carriage return among them")
        }
        found.append((text, index + 1))
    }
    guard !found.isEmpty else { throw DatasetError.unusableNames(file, reason: "it names no image; write one a line") }
    return found
}

private func contents(of file: FilePath) throws -> [UInt8] {
    do throws(FileError) {
        return try LocalFileSystem().contents(ofUserFile: file, limit: mostBytes)
    } catch {
        switch error.errno {
        case .fileTooLarge:
            throw DatasetError.unusableNames(file, reason: "a file of names has at most \(mostBytes) bytes")
        case .noSuchFileOrDirectory, .notDirectory, .isDirectory:
            throw DatasetError.unusableNames(file, reason: "there is no such file")
        default: throw error
        }
    }
}
