// SPDX-License-Identifier: MIT

private import SwiftCSV
internal import SystemPackage
private import SystemSupport

/// A `test.csv`: the images that its column `img` names, and what its other columns say of them.
struct ListTable {
    /// An image.
    struct Row {
        let name: String
        /// The line that the row begins on.
        let line: Int
        /// The cells of the other columns, in their order.
        let labels: [String]
    }

    /// The names of the columns beside `img`, in their order.
    let labelNames: [String]
    let rows: [Row]

    /// Reads a list; lines without any content are read over.
    init(of list: FilePath) throws {
        let bytes = try LocalFileSystem().contents(ofUserFile: list, limit: 1 << 30)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DatasetError.malformedList(list, reason: "it is not UTF-8")
        }
        // Quotes within a quoted cell are doubled, so that a sound file has an even number of them.
        guard bytes.count(where: { $0 == UInt8(ascii: "\"") }).isMultiple(of: 2) else {
            throw DatasetError.malformedList(list, reason: "a quote is not closed")
        }
        let (header, lines) = try parse(text, list)
        guard let imageColumn = header.firstIndex(of: "img") else { throw DatasetError.noImageColumn(list) }
        var names: Set<String> = []
        for name in header where !names.insert(name).inserted {
            throw DatasetError.duplicateColumn(list, name: name)
        }
        labelNames = header.filter { $0 != "img" }
        var line = 1 + lineCount(of: header)
        var found: [Row] = []
        for cells in lines {
            defer { line += lineCount(of: cells) }
            if cells.allSatisfy(\.isEmpty) { continue }
            guard cells.count == header.count, !cells[imageColumn].isEmpty else {
                throw DatasetError.malformedList(
                    list,
                    reason: "line \(line) has \(cells.count) cells, the header \(header.count), or names no image"
                )
            }
            var labels = cells
            let name = labels.remove(at: imageColumn)
            found.append(Row(name: name, line: line, labels: labels))
        }
        rows = found
    }
}

/// How many lines of the file a row takes: quoted cells may hold line breaks.
private func lineCount(of cells: [String]) -> Int {
    cells.reduce(1) { $0 + $1.count(where: \.isNewline) }
}

private func parse(_ text: String, _ list: FilePath) throws -> (header: [String], rows: [[String]]) {
    do {
        let table = try EnumeratedCSV(string: text, delimiter: .comma, loadColumns: false)
        return (table.header, table.rows)
    } catch CSVParseError.quotation(let reason), CSVParseError.generic(let reason) {
        throw DatasetError.malformedList(list, reason: reason)
    }
}
