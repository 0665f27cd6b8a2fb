// SPDX-License-Identifier: MIT

/// What a server says before the body of its answer.
struct Response: Equatable, Sendable {
    /// Which bytes of a file are sent.
    struct ContentRange: Equatable, Sendable {
        /// The first byte.
        let start: Int
        /// The byte after the last.
        let end: Int
        /// The file's bytes; nil where the server does not know.
        let total: Int?
    }

    private(set) var status = 0
    /// Whether all of its lines have come, to the empty one at the end.
    private(set) var isWhole = false
    private(set) var isOldProtocol = true
    private(set) var fields: [String: String] = [:]

    /// Takes a line of the head; a status line starts anew, since answers that only announce others come before.
    mutating func parse(_ line: String) {
        if line.hasPrefix("HTTP/") {
            let words = line.split(separator: " ")
            status = words.count > 1 ? Int(words[1]) ?? 0 : 0
            isOldProtocol = line.hasPrefix("HTTP/1")
            isWhole = false
            fields = [:]
            return
        }
        if line.isEmpty { isWhole = status >= 200 }
        guard let colon = line.firstIndex(of: ":") else { return }
        let name = line[..<colon].lowercased()
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        fields[name] = String(value)
    }

    /// The body's bytes.
    var contentLength: Int? { fields["content-length"].flatMap { Int($0) } }

    /// Whether a body that is cut can be told from a whole one.
    var isFramed: Bool { contentLength != nil || !isOldProtocol || fields["transfer-encoding"] != nil }

    /// A name of this very state of the file, if the server gives one that stands for equal bytes.
    var strongTag: String? { fields["etag"].flatMap { $0.hasPrefix("\"") ? $0 : nil } }

    /// When the file was changed, in the server's words.
    var lastModified: String? { fields["last-modified"] }

    /// Where a redirect leads.
    var redirect: String? { [301, 302, 303, 307, 308].contains(status) ? fields["location"] : nil }

    /// Which bytes are sent: "bytes 0-99/1234".
    var contentRange: ContentRange? {
        guard let text = fields["content-range"], text.lowercased().hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int(ends[0]), let last = Int(ends[1]), first >= 0, last >= first,
            last < Int.max
        else { return nil }
        let total = Int(parts[1])
        if let total, total <= last { return nil }
        return ContentRange(start: first, end: last + 1, total: total)
    }
}
