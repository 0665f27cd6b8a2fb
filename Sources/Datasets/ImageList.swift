// SPDX-License-Identifier: MIT

public import SystemPackage
private import SystemSupport

/// The images of a data set, in the order in which an epoch's shuffle numbers them.
public struct ImageList: Equatable, Sendable {
    /// One image.
    public struct Entry: Equatable, Sendable {
        /// The file's name as listed: relative to the folder, or absolute.
        public let name: String
    }

    /// The folder that relative names start from.
    public let folder: FilePath
    /// The images in order.
    public let entries: [Entry]

    /// Reads the `test.csv` of a folder, or where there is none finds all images below it.
    public init(folder: FilePath) throws {
        guard try isDirectory(folder) else { throw DatasetError.noFolder(folder) }
        self.folder = folder
        let list = folder.appending("test.csv")
        if try LocalFileSystem().isPresent(list) {
            let rows = try listRows(of: list)
            entries = rows.map { Entry(name: $0.name) }
            for row in rows where try !isRegularFile(folder.pushing(FilePath(row.name))) {
                throw DatasetError.missingImage(folder.pushing(FilePath(row.name)), line: row.line, list: list)
            }
        } else {
            entries = try imageNames(below: folder).map { Entry(name: $0) }
        }
        if entries.isEmpty { throw DatasetError.noImages(folder) }
    }

    /// Where an image is; an absolute name stays as it is.
    public func path(of entry: Entry) -> FilePath {
        folder.pushing(FilePath(entry.name))
    }
}
