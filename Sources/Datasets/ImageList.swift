// SPDX-License-Identifier: MIT

public import SystemPackage
private import SystemSupport

/// The images of a data set, in the order in which an epoch's shuffle numbers them.
public struct ImageList: Equatable, Sendable {
    /// One image.
    public struct Entry: Equatable, Sendable {
        /// The file's name as listed: relative to the folder, or absolute.
        public let name: String
        /// What the image shows, a value for each of the list's labels; empty where nothing is said.
        public let labels: [String]

        /// Describes an image.
        public init(name: String, labels: [String]) {
            (self.name, self.labels) = (name, labels)
        }
    }

    /// The folder that relative names start from.
    public let folder: FilePath
    /// What images may be labelled with, in the order of the columns of `test.csv`.
    public let labelNames: [String]
    /// The images in order.
    public let entries: [Entry]
    /// What the folder holds beside its images, for people; none where a list says which images these are.
    public let remarks: [String]

    /// Reads which images a folder's data set has.
    ///
    /// - Parameters:
    ///   - folder: the folder.
    ///   - names: a file of names, a line each, whose images these are in its order; nil for the rows of the folder's
    ///     `test.csv`, or where there is none for all images below it. Labels are those of `test.csv` in any case.
    /// - Throws: `DatasetError`, or `FileError` for what cannot be read.
    public init(folder: FilePath, names: FilePath? = nil) throws {
        guard try isDirectory(folder) else { throw DatasetError.noFolder(folder) }
        self.folder = folder
        let list = folder.appending("test.csv")
        let table = try LocalFileSystem().isPresent(list) ? ListTable(of: list) : nil
        labelNames = table?.labelNames ?? []
        var found: FolderContent?
        if let names {
            let lines = try listedNames(in: names, below: folder)
            try Self.check(lines, below: folder, list: names)
            // A name may have several rows; a list's image is then what the first one says.
            let labels = Dictionary(
                (table?.rows ?? []).map { (Array($0.name.utf8), $0.labels) },
                uniquingKeysWith: { first, _ in first }
            )
            let unknown = labelNames.map { _ in "" }
            entries = lines.map { Entry(name: $0.name, labels: labels[Array($0.name.utf8)] ?? unknown) }
        } else if let table {
            try Self.check(table.rows.map { ($0.name, $0.line) }, below: folder, list: list)
            entries = table.rows.map { Entry(name: $0.name, labels: $0.labels) }
        } else {
            let content = try FolderContent(of: folder)
            entries = content.images.map { Entry(name: $0, labels: []) }
            found = content
        }
        if entries.isEmpty { throw DatasetError.noImages(names ?? folder, others: found?.otherKinds) }
        remarks = found?.remarks(on: folder) ?? []
    }

    private static func check(_ lines: [(name: String, line: Int)], below folder: FilePath, list: FilePath) throws {
        var missing: [DatasetError.MissingImage] = []
        for (name, line) in lines {
            let path = folder.pushing(FilePath(name))
            if try !isRegularFile(path) { missing.append(.init(path: path, line: line)) }
        }
        if !missing.isEmpty { throw DatasetError.missingImages(missing, list: list) }
    }

    /// Where an image is; an absolute name stays as it is.
    public func path(of entry: Entry) -> FilePath {
        folder.pushing(FilePath(entry.name))
    }
}
