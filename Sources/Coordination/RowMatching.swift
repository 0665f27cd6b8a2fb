// SPDX-License-Identifier: MIT

internal import SystemSupport

/// Finds the row of another program's array that belongs to an image, by the names of both.
///
/// A row and an image belong together where their names are equal, where the row has the image's path from the root or
/// the digest of its file, or where the whole of one name is the end of the other and of no third: `cats/1.jpg` is
/// `/data/cats/1.jpg`, but not `dogs/1.jpg`.
struct RowMatching {
    /// An image of the data set, as arrays may name it.
    struct Image {
        /// Its path below the data set's folder.
        let name: String
        /// Its path from the root; nil where it is no file.
        let path: String?
        /// The digest of its file; nil where it is no file.
        let digest: ContentDigest?
    }

    /// A name, which is told from others by its bytes.
    private typealias Key = [UInt8]

    private let names: RowNames
    private let images: [Image]
    private let rowOfName: [Key: Int]
    private let rowOfDigest: [ContentDigest: Int]
    /// Rows by each end of their names, where it is the end of one row's name alone.
    private let rowOfEnd: [Key: Int?]
    /// Whether several images' names have an end.
    private let isSharedEnd: [Key: Bool]

    /// Compares the names of rows with those of all images of a data set.
    init(_ names: RowNames, images: [Image]) {
        (self.names, self.images) = (names, images)
        let rows = names.names.enumerated()
        rowOfName = Dictionary(rows.map { (Key($1.text.utf8), $0) }) { first, _ in first }
        rowOfDigest = Dictionary(rows.compactMap { row, name in name.digest.map { ($0, row) } }) { first, _ in first }
        var rowOfEnd: [Key: Int?] = [:]
        for (row, name) in rows {
            for end in Self.ends(of: name.text) { rowOfEnd[end] = rowOfEnd[end] == nil ? .some(row) : .some(nil) }
        }
        self.rowOfEnd = rowOfEnd
        isSharedEnd = Dictionary(images.flatMap { Self.ends(of: $0.name) }.map { ($0, false) }) { _, _ in true }
    }

    /// The name, and what is left of it without its first folders.
    private static func ends(of name: String) -> [Key] {
        let bytes = Key(name.utf8)
        return [bytes] + bytes.indices.filter { bytes[$0] == UInt8(ascii: "/") }.map { Key(bytes[($0 + 1)...]) }
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

    /// How many images have a row by the end of a name alone, and one of them, for a remark.
    var matchedByEnd: (count: Int, example: (image: String, row: String))? {
        let found = images.compactMap { image in
            exactRow(of: image) == nil ? rowByEnd(of: image).map { (image.name, names.names[$0].text) } : nil
        }
        return found.first.map { (found.count, (image: $0.0, row: $0.1)) }
    }

    private func row(of image: Image) -> Int? { exactRow(of: image) ?? rowByEnd(of: image) }

    private func exactRow(of image: Image) -> Int? {
        rowOfName[Key(image.name.utf8)] ?? image.path.flatMap { rowOfName[Key($0.utf8)] }
            ?? image.digest.flatMap { rowOfDigest[$0] }
    }

    private func rowByEnd(of image: Image) -> Int? {
        if let row = rowOfEnd[Key(image.name.utf8)] { return row }
        return Self.ends(of: image.name).lazy.filter { isSharedEnd[$0] == false }.compactMap { rowOfName[$0] }.first
    }

    private static func some(_ names: [String]) -> String {
        names.prefix(3).map { "\"\($0)\"" }.joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    }
}
