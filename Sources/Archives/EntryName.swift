// SPDX-License-Identifier: MIT

/// An entry's path, checked so that it leads to a place below the folder and nowhere else.
struct EntryName {
    /// The names from the folder on; none for the folder itself.
    let parts: [String]

    private static let longestPart = 255
    private static let longest = 1000
    private static let deepest = 32

    init(_ bytes: [UInt8]) throws(ArchiveError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .forbiddenEntry(name: String(decoding: bytes, as: UTF8.self), reason: "its name is not UTF-8")
        }
        func refuse(_ reason: String) -> ArchiveError { .forbiddenEntry(name: text, reason: reason) }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw refuse("its name holds a control character")
        }
        guard !text.hasPrefix("/") else { throw refuse("its path is absolute") }
        guard !text.contains("\\") else { throw refuse("its path holds a backslash") }
        guard bytes.count <= Self.longest else { throw refuse("its path has more than \(Self.longest) bytes") }
        let parts = text.split(separator: "/").map(String.init).filter { $0 != "." }
        guard !parts.contains("..") else { throw refuse("its path leads out of the folder") }
        guard parts.allSatisfy({ $0.utf8.count <= Self.longestPart }) else {
            throw refuse("a part of its path has more than \(Self.longestPart) bytes")
        }
        guard parts.count <= Self.deepest else { throw refuse("it lies more than \(Self.deepest) folders deep") }
        self.parts = parts
    }

    /// The path below the folder.
    var path: String { parts.joined(separator: "/") }
}
