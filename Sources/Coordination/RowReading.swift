// SPDX-License-Identifier: MIT

private import ComputeEngine
internal import JobKinds
internal import SystemSupport
internal import TensorStorage

/// What rows of another program's array hold: the digest of each, and how large their numbers are.
struct RowReading {
    /// The rows, in the order in which they were asked for.
    let rows: SourceRowsFile
    private var extremes = Extremes()

    /// The largest number without its sign, and how many rows have one that is not finite.
    private struct Extremes {
        var largest: Float = 0
        var unusableRows = 0

        mutating func add(_ row: Span<Float>) {
            var isFinite = true
            for index in row.indices {
                let size = abs(row[index])
                isFinite = isFinite && size.isFinite
                if size > largest, size.isFinite { largest = size }
            }
            if !isFinite { unusableRows += 1 }
        }
    }

    /// Bytes of rows that are held at once, and of chunks.
    private static let bytesAtOnce = 256 << 20

    /// Reads rows.
    init(
        of wanted: [Int],
        in source: RowSource,
        threads: Int,
        onProgress: (_ done: Int) -> Void
    ) throws {
        var entries: [SourceRowsFile.Entry] = []
        let rowsAtOnce = max(1, Self.bytesAtOnce / (source.width * 4))
        for start in stride(from: 0, to: wanted.count, by: rowsAtOnce) {
            let group = Array(wanted[start..<min(start + rowsAtOnce, wanted.count)])
            let values = try source.read(group, threads: threads, memory: 2 * Self.bytesAtOnce)
            let digests = Monitor([ContentDigest?](repeating: nil, count: group.count))
            let width = source.width
            try runTasks(group.count, threads: threads) { index in
                let digest = RowSource.digest(of: values.span.extracting(index * width..<(index + 1) * width))
                digests.withLock { $0[index] = digest }
            }
            for (index, digest) in digests.withLock({ $0 }).enumerated() {
                guard let digest else { continue }
                entries.append(SourceRowsFile.Entry(row: group[index], digest: digest))
                extremes.add(values.span.extracting(index * width..<(index + 1) * width))
            }
            onProgress(entries.count)
        }
        rows = SourceRowsFile(entries)
    }

    /// What the user should know of the numbers: products of small and of large ones are lost in single precision.
    func remarks(on source: RowSource) -> [String] {
        let place = "\"\(source.place)\""
        if extremes.unusableRows > 0 {
            return [
                "\(counted(extremes.unusableRows, "row")) of \(place) \(extremes.unusableRows == 1 ? "has" : "have") numbers "
                    + "that are not finite in single precision; similarity is undefined there"
            ]
        }
        guard extremes.largest > 0, extremes.largest < 1e-12 || extremes.largest > 1e12 else { return [] }
        return [
            "the numbers of \(place) reach \(extremes.largest): products of such are not exact in single precision; "
                + "multiply them by a constant, which changes no similarity"
        ]
    }
}
