// SPDX-License-Identifier: MIT

private import Datasets
internal import SystemPackage
internal import SystemSupport
internal import TensorStorage

/// The images that the rows of another program's array belong to, as it names them.
struct RowNames {
    /// One row's image.
    struct Name {
        let text: String
        /// The digest of the image's file, where the array tells it.
        let digest: ContentDigest?
    }

    /// The names, row by row.
    let names: [Name]

    /// The most bytes that `images.json` may have.
    private static let byteLimit = 1 << 28

    /// Takes names as they are.
    init(names: [Name]) {
        self.names = names
    }

    /// Reads a file with a name in each line.
    init(lines file: FilePath) throws {
        names = try linesOfNames(in: file).map { Name(text: $0.text, digest: nil) }
        try check("\"\(file)\"")
    }

    /// Reads the names that an array carries: its attribute "images", or the file `images.json` beside it; nil where it has none.
    ///
    /// - Parameters:
    ///   - source: the array.
    ///   - onRefusal: is told what a server says in place of names that it may have.
    /// - Throws: `SubmissionError` for what is no list of names; `FileError` or `TransferError`.
    init?(of source: RowSource, onRefusal: (String) -> Void) throws {
        let place: String
        let list: JSONValue
        if let attribute = source.attributes["images"] {
            (place, list) = ("the attribute \"images\" of \"\(source.place)\"", attribute)
        } else if let bytes = try source.companion("images.json", limit: Self.byteLimit, onRefusal: onRefusal) {
            place = "the images.json of \"\(source.place)\""
            guard let value = JSONValue(parsing: bytes) else { throw SubmissionError("\(place) is no JSON") }
            list = value
        } else {
            return nil
        }
        guard let rows = list.array else { throw Self.noList(place) }
        names = try rows.enumerated().map { row, value in try Self.name(value, of: row, place) }
        try check(place)
    }

    private static func noList(_ place: String) -> SubmissionError {
        SubmissionError(
            "\(place) is no list of names: write [\"a.jpg\", …], or [{\"image\": \"a.jpg\", \"sha256\": …}, …]"
        )
    }

    private static func name(_ value: JSONValue, of row: Int, _ place: String) throws(SubmissionError) -> Name {
        if let text = value.string { return Name(text: text, digest: nil) }
        guard let text = value.object?["image"]?.string else { throw noList(place) }
        guard let digits = value.object?["sha256"] else { return Name(text: text, digest: nil) }
        guard let digest = digits.string.flatMap({ ContentDigest(hexadecimal: $0.lowercased()) }) else {
            throw SubmissionError("\(place): the sha256 of row \(row) is not of 64 hexadecimal digits")
        }
        return Name(text: text, digest: digest)
    }

    /// Makes sure that each row has a name, and each its own.
    private func check(_ place: String) throws(SubmissionError) {
        // By bytes, since names that a file system tells apart may be equal texts.
        var rows: [[UInt8]: Int] = [:]
        for (row, name) in names.enumerated() {
            if name.text.isEmpty || name.text.contains(where: \.isNewline) || name.text.utf8.contains(0) {
                throw SubmissionError("\(place): row \(row) has no usable name")
            }
            if let other = rows.updateValue(row, forKey: Array(name.text.utf8)) {
                throw SubmissionError("\(place): rows \(other) and \(row) are both named \"\(name.text)\"")
            }
        }
    }
}
