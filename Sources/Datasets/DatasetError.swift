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
    /// A label is no number.
    case malformedLabel(FilePath, row: Int, column: String, value: String)
    /// A file that the list names is not there.
    case missingImage(FilePath, row: Int, list: FilePath)

    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .noFolder(let folder): "there is no folder \"\(folder)\""
        case .noImages(let path): "\"\(path)\" holds no images (.jpg, .jpeg or .png)"
        case .malformedList(let list, let reason): "\"\(list)\" is no CSV file: \(reason)"
        case .noImageColumn(let list): "\"\(list)\" has no column \"img\""
        case .duplicateColumn(let list, let name): "\"\(list)\" has two columns \"\(name)\""
        case .malformedLabel(let list, let row, let column, let value):
            "\"\(list)\", row \(row), column \"\(column)\": \"\(value.prefix(80))\" is no number"
        case .missingImage(let image, let row, let list):
            "\"\(list)\", row \(row): there is no file \"\(image)\""
        }
    }
}
