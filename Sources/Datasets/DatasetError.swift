// SPDX-License-Identifier: MIT

public import SystemPackage

/// A folder of images that cannot be used.
public enum DatasetError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no such folder.
    case noFolder(FilePath)
    /// The folder or its list names no image; the folder's files of other kinds are counted in words.
    case noImages(FilePath, others: String?)
    /// The list is no CSV file.
    case malformedList(FilePath, reason: String)
    /// None of the list's columns is called like one of file names.
    case noImageColumn(FilePath, columns: [String])
    /// Two columns of the list have one name.
    case duplicateColumn(FilePath, name: String)
    /// A file of names cannot be used as a whole.
    case unusableNames(FilePath, reason: String)
    /// A line of a file of names is none that can stand there.
    case unusableName(FilePath, line: Int, reason: String)
    /// Files that the list names are not there.
    case missingImages([MissingImage], list: FilePath)
    /// A name in a folder is not UTF-8.
    case unreadableName(FilePath, name: String)

    /// A file that a list names and that is not there.
    public struct MissingImage: Equatable, Sendable {
        /// Where it should be.
        public let path: FilePath
        /// The line that names it, from 1.
        public let line: Int
    }

    /// How many missing files are named.
    private static let mostNamed = 20

    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .noFolder(let folder): "there is no folder \"\(folder)\""
        case .noImages(let path, let others):
            "\"\(path)\" holds no images (\(ImageNames.listed))" + (others.map { "; it has \($0)" } ?? "")
        case .malformedList(let list, let reason): "\"\(list)\" is no CSV file: \(reason)"
        case .noImageColumn(let list, let columns): Self.describe(columns, list)
        case .duplicateColumn(let list, let name): "\"\(list)\" has two columns \"\(name)\""
        case .unusableNames(let list, let reason): "\"\(list)\" cannot be used: \(reason)"
        case .unusableName(let list, let line, let reason): "\"\(list)\", line \(line): \(reason)"
        case .missingImages(let images, let list): Self.describe(images, list)
        case .unreadableName(let folder, let name):
            "the name of \"\(name)\" in the folder \"\(folder)\" is not UTF-8; rename it"
        }
    }

    private static func describe(_ columns: [String], _ list: FilePath) -> String {
        let names = ListTable.imageColumns.map { "\"\($0)\"" }.joined(separator: " or ")
        guard columns.contains(where: { !$0.isEmpty }) else {
            return "\"\(list)\" has no column \(names): it has no header"
        }
        let named = columns.prefix(mostNamed).map { "\"\($0.prefix(60))\"" }.joined(separator: ", ")
        let more = columns.count > mostNamed ? " and \(columns.count - mostNamed) more" : ""
        let isSplitOtherwise = columns.count == 1 && columns[0].contains { $0 == ";" || $0 == "\t" }
        let remedy =
            isSplitOtherwise
            ? "separate its cells by commas" : "call the column that names the files \"\(ListTable.imageColumns[0])\""
        return "\"\(list)\" has no column \(names); its columns are \(named)\(more): \(remedy)"
    }

    private static func describe(_ images: [MissingImage], _ list: FilePath) -> String {
        let lines = images.prefix(mostNamed).map { "\"\(list)\", line \($0.line): there is no file \"\($0.path)\"" }
        let more = images.count > mostNamed ? ["and \(images.count - mostNamed) more"] : []
        let summary =
            images.count > 1
            ? ["\(images.count) of the listed files are not there; put them there, or take their lines out of the list"]
            : []
        return (lines + more + summary).joined(separator: "\n  ")
    }
}
