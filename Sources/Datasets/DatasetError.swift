// SPDX-License-Identifier: MIT

public import SystemPackage

/// A folder of images that cannot be used.
public enum DatasetError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no such folder.
    case noFolder(FilePath)
    /// The folder or its list names no image.
    case noImages(FilePath)
    /// The list is no CSV file.
    case malformedList(FilePath, reason: String)
    /// The list has no column of file names.
    case noImageColumn(FilePath)
    /// Two columns of the list have one name.
    case duplicateColumn(FilePath, name: String)
    /// A file that the list names is not there.
    case missingImage(FilePath, line: Int, list: FilePath)
    /// A name in a folder is not UTF-8.
    case unreadableName(FilePath, name: String)

    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .noFolder(let folder): "there is no folder \"\(folder)\""
        case .noImages(let path): "\"\(path)\" holds no images (.jpg, .jpeg or .png)"
        case .malformedList(let list, let reason): "\"\(list)\" is no CSV file: \(reason)"
        case .noImageColumn(let list): "\"\(list)\" has no column \"img\""
        case .duplicateColumn(let list, let name): "\"\(list)\" has two columns \"\(name)\""
        case .missingImage(let image, let line, let list):
            "\"\(list)\", line \(line): there is no file \"\(image)\""
        case .unreadableName(let folder, let name):
            "the name of \"\(name)\" in the folder \"\(folder)\" is not UTF-8; rename it"
        }
    }
}
