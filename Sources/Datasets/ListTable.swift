// SPDX-License-Identifier: MIT

private import SwiftCSV
internal import SystemPackage
private import SystemSupport

/// The images that a `test.csv` names in its column `img`, each with the line that its row begins on.
///
/// Other columns, and lines without any content, are read over.
func listRows(of list: FilePath) throws -> [(name: String, line: Int)] {
    let bytes = try LocalFileSystem().contents(ofUserFile: list, limit: 1 << 30)
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw DatasetError.malformedList(list, reason: "it is not UTF-8")
    }
    // Quotes within a quoted cell are doubled, so that a sound file has an even number of them.
    guard bytes.count(where: { $0 == UInt8(ascii: "\"") }).isMultiple(of: 2) else {
        throw DatasetError.malformedList(list, reason: "a quote is not closed")
    }
    let (header, rows) = try parse(text, list)
    guard let imageColumn = header.firstIndex(of: "img") else { throw DatasetError.noImageColumn(list) }
    var names: Set<String> = []
    for name in header where !names.insert(name).inserted {
        throw DatasetError.duplicateColumn(list, name: name)
    }
    var line = 1 + lineCount(of: header)
    var found: [(name: String, line: Int)] = []
    for cells in rows {
        defer { line += lineCount(of: cells) }
        if cells.allSatisfy(\.isEmpty) { continue }
        guard cells.count == header.count, !cells[imageColumn].isEmpty else {
            throw DatasetError.malformedList(
                list,
                reason: "line \(line) has \(cells.count) cells, the header \(header.count), or names no image"
            )
        }
        found.append((cells[imageColumn], line))
    }
    return found
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
