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
    /// The row of each image; nil where it has none.
    private let rowOfImage: [Int?]
    /// How many images have a row by the end of a name alone, and one of them, for a remark.
    let matchedByEnd: (count: Int, example: (image: String, row: String))?

    /// Compares the names of rows with those of all images of a data set.
    init(_ names: RowNames, images: [Image]) {
        let rows = names.names.enumerated()
        let rowOfName = Dictionary(rows.map { (Key($1.text.utf8), $0) }) { first, _ in first }
        let rowOfDigest = Dictionary(rows.compactMap { row, name in name.digest.map { ($0, row) } }) { row, _ in row }
        let rowsOfEnd = Dictionary(grouping: rows.flatMap { row, name in Self.ends(of: name.text).map { ($0, row) } }) {
            $0.0
        }
        let imagesOfEnd = Dictionary(images.flatMap { Self.ends(of: $0.name) }.map { ($0, 1) }, uniquingKeysWith: +)
        /// The only row whose name ends as an image is called, or is called as the image's name ends; of no other image.
        func rowByEnd(of image: Image) -> Int? {
            let ends = Self.ends(of: image.name).filter { imagesOfEnd[$0] == 1 }
            if let whole = ends.first, whole.count == image.name.utf8.count, let rows = rowsOfEnd[whole] {
                return rows.count == 1 ? rows[0].1 : nil
            }
            return ends.lazy.compactMap { rowOfName[$0] }.first
        }
        var rowOfImage: [Int?] = []
        var byEnd: [(image: String, row: String)] = []
        for image in images {
            let exact =
                rowOfName[Key(image.name.utf8)] ?? image.path.flatMap { rowOfName[Key($0.utf8)] }
                ?? image.digest.flatMap { rowOfDigest[$0] }
            let row = exact ?? rowByEnd(of: image)
            if exact == nil, let row { byEnd.append((image.name, names.names[row].text)) }
            rowOfImage.append(row)
        }
        (self.names, self.images, self.rowOfImage) = (names, images, rowOfImage)
        matchedByEnd = byEnd.first.map { (byEnd.count, $0) }
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
        let found = wanted.map { rowOfImage[$0] }
        let missing = zip(wanted, found).filter { $1 == nil }.map { images[$0.0].name }
        guard missing.isEmpty else {
            throw SubmissionError(
                "\"\(place)\" has no row for \(missing.count) of the \(counted(wanted.count, "image", "that is", "that are")) "
                    + "drawn: \(Self.some(missing)); "
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
                "\"\(place)\" was made of other images: \(changed.count) \(changed.count == 1 ? "has" : "have") other contents under the same names, "
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
        let known = Set(rowOfImage.compactMap(\.self))
        return names.names.enumerated().filter { !known.contains($0.offset) }.map(\.element.text)
    }

    private static func some(_ names: [String]) -> String {
        names.prefix(3).map { "\"\($0)\"" }.joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    }
}
