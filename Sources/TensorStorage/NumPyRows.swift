// SPDX-License-Identifier: MIT

private import Synchronization
private import SystemSupport

/// The rows of a `.npy` file, of which as many as follow one another are read at once.
struct NumPyRows: Rows {
    let format = "NumPy"
    let attributes: [String: JSONValue] = [:]
    let filledChunks = 0
    private let header: NumPyHeader
    private let source: any ShardSource
    let isRemote: Bool
    let remarks: [String]

    /// The most bytes that one call or request asks for, unless a row has more.
    private static let bytesAtOnce = 4 << 20

    init(_ source: any ShardSource, isRemote: Bool) throws {
        (self.source, self.isRemote) = (source, isRemote)
        let size = try source.byteCount()
        var beginning: [UInt8] = []
        try source.read(offset: 0, count: min(size, NumPyHeader.mostBytes), into: &beginning)
        header = try NumPyHeader(parsing: beginning)
        let trailing = try header.trailingBytes(fileBytes: size)
        remarks =
            trailing == 0
            ? []
            : ["\(trailing) bytes follow after the array in \"\(source.place)\"; they are passed over, as NumPy does"]
    }

    var shape: [Int] { header.shape }

    /// Bytes, and single precision of them.
    var bytesPerReader: Int { max(Self.bytesAtOnce, rowBytes) * (header.elementType.byteCount < 4 ? 5 : 2) }

    private var rowBytes: Int { width * header.elementType.byteCount }

    func read(_ wanted: [Int], readers: Int) throws -> [Float] {
        let runs = runs(of: wanted)
        let values = Monitor([Float](repeating: .nan, count: wanted.count * width))
        let next = Atomic(0)
        try onThreads(min(readers, runs.count), named: "rows") { _ in
            var bytes: [UInt8] = []
            while true {
                let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard number < runs.count else { return }
                let (rows, places) = runs[number]
                let offset = header.dataOffset + rows.lowerBound * rowBytes
                try source.read(offset: offset, count: rows.count * rowBytes, into: &bytes)
                let numbers = header.elementType.floats(bytes)
                values.withLock { values in
                    for (row, place) in places.enumerated() {
                        values.replaceSubrange(
                            place * width..<(place + 1) * width,
                            with: numbers[row * width..<(row + 1) * width]
                        )
                    }
                }
            }
        }
        return values.withLock { $0 }
    }

    /// Rows that follow one another in the file, and where each of them is to go.
    private func runs(of wanted: [Int]) -> [(rows: Range<Int>, places: [Int])] {
        let most = max(1, Self.bytesAtOnce / rowBytes)
        var runs: [(rows: Range<Int>, places: [Int])] = []
        for (place, row) in wanted.enumerated().sorted(by: { $0.element < $1.element }) {
            if let last = runs.last?.rows, last.upperBound == row, last.count < most {
                runs[runs.count - 1].rows = last.lowerBound..<row + 1
                runs[runs.count - 1].places.append(place)
            } else {
                runs.append((row..<row + 1, [place]))
            }
        }
        return runs
    }
}
