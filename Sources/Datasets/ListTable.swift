// SPDX-License-Identifier: MIT

private import SwiftCSV
internal import SystemPackage
private import SystemSupport

/// The rows of a `test.csv`: a column `img` of file names, and numeric labels of -1 and 1.
struct ListTable {
    let labelNames: [String]
    let entries: [ImageList.Entry]

    init(reading list: FilePath) throws {
        let bytes = try LocalFileSystem().contents(of: list, limit: 1 << 30)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DatasetError.malformedList(list, reason: "it is not UTF-8")
        }
        let table = try Self.parse(text, list)
        guard let imageColumn = table.header.firstIndex(of: "img") else { throw DatasetError.noImageColumn(list) }
        var names: Set<String> = []
        for name in table.header where !names.insert(name).inserted {
            throw DatasetError.duplicateColumn(list, name: name)
        }
        labelNames = table.header.filter { $0 != "img" }
        var entries: [ImageList.Entry] = []
        for (index, cells) in table.rows.enumerated() where cells.contains(where: { !$0.isEmpty }) {
            guard cells.count == table.header.count else {
                throw DatasetError.malformedList(
                    list,
                    reason: "row \(index + 1) has \(cells.count) cells, the header \(table.header.count)"
                )
            }
            var labels: [Float] = []
            for (column, value) in zip(table.header, cells) where column != "img" {
                guard let number = Float(value), number.isFinite else {
                    throw DatasetError.malformedLabel(list, row: index + 1, column: column, value: value)
                }
                labels.append((number + 1) / 2)
            }
            entries.append(ImageList.Entry(name: cells[imageColumn], labels: labels))
        }
        self.entries = entries
    }

    private static func parse(_ text: String, _ list: FilePath) throws -> (header: [String], rows: [[String]]) {
        do {
            let table = try EnumeratedCSV(string: text, delimiter: .comma, loadColumns: false)
            return (table.header, table.rows)
        } catch CSVParseError.quotation(let reason), CSVParseError.generic(let reason) {
            throw DatasetError.malformedList(list, reason: reason)
        }
    }
}
