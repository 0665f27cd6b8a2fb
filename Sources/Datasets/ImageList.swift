// SPDX-License-Identifier: MIT

public import SystemPackage
private import SystemSupport

/// The images of a data set, in the order in which an epoch's shuffle numbers them.
public struct ImageList: Equatable, Sendable {
    /// One image.
    public struct Entry: Equatable, Sendable {
        /// The file's name as listed: relative to the folder, or absolute.
        public let name: String
        /// One number a label, in the order of ``ImageList/labelNames``.
        public let labels: [Float]
    }

    /// The folder that relative names start from.
    public let folder: FilePath
    /// The names of the labels, none without a list.
    public let labelNames: [String]
    /// The images in order.
    public let entries: [Entry]

    /// Reads the `test.csv` of a folder, or where there is none finds all images below it.
    public init(folder: FilePath) throws {
        guard try isDirectory(folder) else { throw DatasetError.noFolder(folder) }
        self.folder = folder
        let list = folder.appending("test.csv")
        if try LocalFileSystem().isPresent(list) {
            let table = try ListTable(reading: list)
            labelNames = table.labelNames
            entries = table.entries
            try checkPresence(list)
        } else {
            labelNames = []
            entries = try imageNames(below: folder).map { Entry(name: $0, labels: []) }
        }
        if entries.isEmpty { throw DatasetError.noImages(folder) }
    }

    /// Where an image is; an absolute name stays as it is.
    public func path(of entry: Entry) -> FilePath {
        folder.pushing(FilePath(entry.name))
    }

    private func checkPresence(_ list: FilePath) throws {
        for (index, entry) in entries.enumerated() {
            let path = path(of: entry)
            guard try isRegularFile(path) else {
                throw DatasetError.missingImage(path, row: index + 1, list: list)
            }
        }
    }
}
