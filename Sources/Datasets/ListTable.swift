// SPDX-License-Identifier: MIT

private import SwiftCSV
internal import SystemPackage
private import SystemSupport

/// A `test.csv`: the images that one of its columns names, and what the others say of them.
struct ListTable {
    /// An image.
    struct Row {
        let name: String
        /// The line that the row begins on.
        let line: Int
        /// The cells of the other columns, in their order.
        let labels: [String]
    }

    /// What the column of images may be called: as in the reference's lists, or as in Kaggle's of CelebA.
    static let imageColumns = ["img", "image_id"]

    /// The names of the columns beside that of the images, in their order.
    let labelNames: [String]
    let rows: [Row]

    /// Reads a list; lines without any content are read over.
    init(of list: FilePath) throws {
        let bytes = try LocalFileSystem().contents(ofUserFile: list, limit: 1 << 30)
        let marked = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        guard let text = String(validating: marked, as: UTF8.self) else {
            throw DatasetError.malformedList(list, reason: "it is not UTF-8")
        }
        let (header, lines) = try parse(text, list)
        guard let imageColumn = Self.imageColumns.lazy.compactMap({ header.firstIndex(of: $0) }).first else {
            throw DatasetError.noImageColumn(list, columns: header)
        }
        var names: Set<String> = []
        for name in header where !names.insert(name).inserted {
            throw DatasetError.duplicateColumn(list, name: name)
        }
        var others = header
        others.remove(at: imageColumn)
        labelNames = others
        var line = 1 + lineCount(of: header)
        var found: [Row] = []
        for cells in lines {
            defer { line += lineCount(of: cells) }
            if cells.allSatisfy(\.isEmpty) { continue }
            guard cells.count == header.count, !cells[imageColumn].isEmpty else {
                throw DatasetError.malformedList(
                    list,
                    reason:
                        "line \(line) has \(counted(cells.count, "cell")), the header \(header.count), or names no image"
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
    let fault = QuoteFault(in: Array(text.utf8))
    // The parser takes a quote that is not closed for one that is closed at the end.
    let isOdd = !text.utf8.count { $0 == UInt8(ascii: "\"") }.isMultiple(of: 2)
    if let fault, isOdd { throw DatasetError.malformedList(list, reason: fault.description) }
    do {
        let table = try EnumeratedCSV(string: text, delimiter: .comma, loadColumns: false)
        return (table.header, table.rows)
    } catch CSVParseError.quotation(let reason), CSVParseError.generic(let reason) {
        throw DatasetError.malformedList(list, reason: fault?.description ?? reason)
    }
}
