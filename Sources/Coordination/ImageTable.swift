// SPDX-License-Identifier: MIT

internal import Datasets

/// A report's `images.csv`: by which number epochs and arrays know an image, what it is called, and its labels.
enum ImageTable {
    /// Writes a line an image, in the data set's order.
    ///
    /// - Parameters:
    ///   - images: all images of the data set.
    ///   - labels: what their labels are called.
    ///   - selected: those that went through the networks, ascending; the rows of arrays are theirs.
    /// - Returns: the file.
    static func encoded(_ images: [ImageList.Entry], labels: [String], selected: [Int]) -> [UInt8] {
        var rows = [Int?](repeating: nil, count: images.count)
        for (row, image) in selected.enumerated() { rows[image] = row }
        var bytes = Array(line(header(labels)).utf8)
        for (index, image) in images.enumerated() {
            let cells = ["\(index)", image.name, rows[index].map { "\($0)" } ?? ""] + image.labels
            bytes += line(cells).utf8
        }
        return bytes
    }

    /// The columns' names; a label that is called like one of ours takes an underscore, so that each name stands once.
    private static func header(_ labels: [String]) -> [String] {
        var names = ["index", "name", "row"]
        for label in labels {
            var name = label
            while names.contains(name) || name != label && labels.contains(name) { name += "_" }
            names.append(name)
        }
        return names
    }

    private static func line(_ cells: [String]) -> String {
        cells.map(quoted).joined(separator: ",") + "\n"
    }

    /// A cell as RFC 4180 has it.
    private static func quoted(_ cell: String) -> String {
        guard cell.utf8.contains(where: { [UInt8(ascii: ","), UInt8(ascii: "\""), 10, 13].contains($0) }) else {
            return cell
        }
        return "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }
}
