// SPDX-License-Identifier: MIT

internal import Campaigns
private import RepresentationSimilarity
internal import SystemPackage
private import SystemSupport

/// The images that each epoch of a campaign draws.
struct EpochLists {
    /// Indices into the data set, epoch by epoch, in the order drawn.
    let epochs: [[Int]]
    /// What the user should know.
    let warnings: [String]

    /// Draws the epochs as the reference does, or reads the campaign's own lists.
    init(_ comparison: Campaign.Comparison, file: FilePath, imageCount: Int) throws {
        if let lists = comparison.imageLists {
            let path = path(lists, beside: file)
            epochs = try Self.read(path, imageCount: imageCount)
            warnings = []
            return
        }
        let iterations = EpochDraw.clamp(
            iterations: comparison.iterations,
            batchSize: comparison.batchSize,
            count: imageCount
        )
        guard iterations > 0 else {
            throw SubmissionError(
                "the data set has \(counted(imageCount, "image")), fewer than one batch of \(comparison.batchSize); "
                    + "lower \"batch_size\" in \"cka\""
            )
        }
        warnings =
            iterations < comparison.iterations
            ? [
                "the data set has \(counted(imageCount, "image")): each epoch draws \(counted(iterations, "batch")) of "
                    + "\(comparison.batchSize), not \(comparison.iterations)"
            ] : []
        epochs = EpochDraw.lists(
            epochs: comparison.epochs,
            iterations: iterations,
            batchSize: comparison.batchSize,
            count: imageCount
        )
    }

    private static func read(_ path: FilePath, imageCount: Int) throws -> [[Int]] {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try LocalFileSystem().contents(ofUserFile: path, limit: 1 << 30)
        } catch {
            throw SubmissionError("\(error)")
        }
        var epochs: [[Int]] = []
        // Bytes, since "\r\n" is one character.
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            let words = line.split { [0x20, 0x09, 0x0D].contains($0) }.map { String(decoding: $0, as: UTF8.self) }
            if words.isEmpty, number == lines.count - 1 { continue }
            let images = try words.map { word in
                guard let image = Int(word), (0..<imageCount).contains(image) else {
                    throw SubmissionError(
                        path,
                        line: number + 1,
                        column: 1,
                        "\"\(word.prefix(40))\" is no image; the data set has 0 to \(imageCount - 1)"
                    )
                }
                return image
            }
            guard Set(images).count == images.count else {
                throw SubmissionError(path, line: number + 1, column: 1, "an image stands twice in one epoch")
            }
            guard !images.isEmpty, epochs.first.map({ $0.count == images.count }) ?? true else {
                throw SubmissionError(
                    path,
                    line: number + 1,
                    column: 1,
                    "all epochs must have as many images as the first"
                )
            }
            epochs.append(images)
        }
        guard !epochs.isEmpty else { throw SubmissionError("\"\(path)\" lists no epoch") }
        return epochs
    }
}
