// SPDX-License-Identifier: MIT

/// The first quote of a table that neither opens nor closes a cell as RFC 4180 has it.
struct QuoteFault: CustomStringConvertible {
    enum Kind: String {
        case notClosed = "a quote is not closed"
        case withinCell = "a quote stands within a cell; put the whole cell in quotes, and write the quote twice"
        case goesOn = "a cell goes on behind its closing quote; a quote within a cell is written twice"
    }

    let kind: Kind
    /// The line, from 1, on which the quote stands.
    let line: Int

    var description: String { "line \(line): \(kind.rawValue)" }

    /// Where a scan through the table is.
    private enum Place {
        case start, plain, quoted, closed
    }

    /// Looks through a table; nil where all quotes are in order.
    init?(in table: [UInt8]) {
        var place = Place.start
        var (line, opened) = (1, 1)
        for byte in table {
            switch (place, byte) {
            case (.quoted, UInt8(ascii: "\"")): place = .closed
            // Written twice, it is part of the cell.
            case (.closed, UInt8(ascii: "\"")): place = .quoted
            case (.start, UInt8(ascii: "\"")): (place, opened) = (.quoted, line)
            case (.plain, UInt8(ascii: "\"")):
                (kind, self.line) = (.withinCell, line)
                return
            case (.quoted, _): break
            case (_, UInt8(ascii: ",")), (_, 10), (_, 13): place = .start
            case (.start, UInt8(ascii: " ")), (.closed, UInt8(ascii: " ")): break
            case (.closed, _):
                (kind, self.line) = (.goesOn, line)
                return
            default: place = .plain
            }
            if byte == 10 { line += 1 }
        }
        guard place == .quoted else { return nil }
        (kind, self.line) = (.notClosed, opened)
    }
}
