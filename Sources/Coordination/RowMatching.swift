// SPDX-License-Identifier: MIT

internal import SystemSupport

/// Finds the row of another program's array that belongs to an image, by the names of both.
struct RowMatching {
    /// An image of the data set, as arrays may name it.
    struct Image {
        /// Its path below the data set's folder.
        let name: String
        /// Its path from the root; nil where it is no file.
        let path: String?
        /// The digest of its file; nil where it is no file.
        let digest: ContentDigest?

        fileprivate var lastComponent: String { RowMatching.lastComponent(of: name) }
    }

    private let names: RowNames
    private let images: [Image]
    private let rowOfName: [String: Int]
    private let rowsOfDigest: [ContentDigest: Int]
    /// Rows by the last component of their names, where that is one row's and one image's alone.
    private let rowOfLastComponent: [String: Int]

    /// Compares the names of rows with those of all images of a data set.
    init(_ names: RowNames, images: [Image]) {
        (self.names, self.images) = (names, images)
        let rows = names.names.enumerated()
        rowOfName = Dictionary(rows.map { ($1.text, $0) }) { first, _ in first }
        rowsOfDigest = Dictionary(rows.compactMap { row, name in name.digest.map { ($0, row) } }) { first, _ in first }
        let imageCounts = Dictionary(images.map { ($0.lastComponent, 1) }, uniquingKeysWith: +)
        let byLast = Dictionary(grouping: rows) { Self.lastComponent(of: $1.text) }
        rowOfLastComponent = byLast.compactMapValues { $0.count == 1 ? $0[0].offset : nil }.filter {
            imageCounts[$0.key] == 1
        }
    }

    private static func lastComponent(of name: String) -> String {
        name.split(separator: "/").last.map(String.init) ?? name
    }

    /// The rows of some of the images, in their order.
    ///
    /// - Parameters:
    ///   - wanted: the images' numbers in the data set.
    ///   - place: the array, for messages.
    /// - Returns: a row for each.
    /// - Throws: `SubmissionError` that names images without a row, or with another content than their row was made of.
    func rows(of wanted: [Int], in place: String) throws(SubmissionError) -> [Int] {
        let found = wanted.map { row(of: images[$0]) }
        let missing = zip(wanted, found).filter { $1 == nil }.map { images[$0.0].name }
        guard missing.isEmpty else {
            throw SubmissionError(
                "\"\(place)\" has no row for \(missing.count) of the \(wanted.count) images that are drawn: \(Self.some(missing)); "
                    + "its rows are named \(Self.some(strangers.isEmpty ? names.names.map(\.text) : strangers))"
            )
        }
        let rows = found.compactMap(\.self)
        let changed = zip(wanted, rows).filter { image, row in
            guard let mine = images[image].digest, let theirs = names.names[row].digest else { return false }
            return mine != theirs
        }
        guard changed.isEmpty else {
            throw SubmissionError(
                "\"\(place)\" was made of other images: \(changed.count) have other contents under the same names, "
                    + "\(Self.some(changed.map { images[$0.0].name }))"
            )
        }
        guard Set(rows).count == rows.count else {
            throw SubmissionError("\"\(place)\": several images belong to the same row; name the rows more exactly")
        }
        return rows
    }

    /// The names of rows that belong to no image of the data set.
    var strangers: [String] {
        let known = Set(images.compactMap(row))
        return names.names.enumerated().filter { !known.contains($0.offset) }.map(\.element.text)
    }

    private func row(of image: Image) -> Int? {
        rowOfName[image.name] ?? image.path.flatMap { rowOfName[$0] } ?? image.digest.flatMap { rowsOfDigest[$0] }
            ?? rowOfLastComponent[image.lastComponent]
    }

    private static func some(_ names: [String]) -> String {
        names.prefix(3).map { "\"\($0)\"" }.joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    }
}
