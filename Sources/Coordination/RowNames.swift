// SPDX-License-Identifier: MIT

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

    /// The most bytes that a list of names may have.
    private static let byteLimit = 1 << 28

    /// Takes names as they are.
    init(names: [Name]) {
        self.names = names
    }

    /// Reads a file with a name in each line.
    init(lines file: FilePath) throws {
        let bytes = try LocalFileSystem().contents(ofUserFile: file, limit: Self.byteLimit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SubmissionError("\"\(file)\" is not text in UTF-8")
        }
        // "\r\n" is one character.
        var lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        if lines.last?.isEmpty == true { lines.removeLast() }
        names = lines.map { Name(text: String($0), digest: nil) }
        try check("\"\(file)\"")
    }

    /// Reads the names that an array carries: its attribute "images", or the file `images.json` beside it; nil where it has none.
    init?(of source: RowSource) throws {
        let place: String
        let list: JSONValue
        if let attribute = source.attributes["images"] {
            (place, list) = ("the attribute \"images\" of \"\(source.place)\"", attribute)
        } else if let bytes = try source.companion("images.json", limit: Self.byteLimit) {
            place = "the images.json of \"\(source.place)\""
            guard let value = JSONValue(parsing: bytes) else { throw SubmissionError("\(place) is no JSON") }
            list = value
        } else {
            return nil
        }
        let names = list.array?.compactMap(Self.name)
        guard let names, names.count == list.array?.count else {
            throw SubmissionError(
                "\(place) is no list of names: write [\"a.jpg\", …], or [{\"image\": \"a.jpg\", \"sha256\": …}, …]"
            )
        }
        self.names = names
        try check(place)
    }

    private static func name(_ value: JSONValue) -> Name? {
        if let text = value.string { return Name(text: text, digest: nil) }
        guard let text = value.object?["image"]?.string else { return nil }
        return Name(text: text, digest: value.object?["sha256"]?.string.flatMap(ContentDigest.init(hexadecimal:)))
    }

    /// Makes sure that each row has a name, and each its own.
    private func check(_ place: String) throws(SubmissionError) {
        var rows: [String: Int] = [:]
        for (row, name) in names.enumerated() {
            if name.text.isEmpty || name.text.contains(where: \.isNewline) || name.text.utf8.contains(0) {
                throw SubmissionError("\(place): row \(row) has no usable name")
            }
            if let other = rows.updateValue(row, forKey: name.text) {
                throw SubmissionError("\(place): rows \(other) and \(row) are both named \"\(name.text)\"")
            }
        }
    }
}
