// SPDX-License-Identifier: MIT

private import Campaigns
private import ImageCoding
public import JobStorage
private import Networks
public import SystemPackage
private import SystemSupport
private import TensorStorage
public import WorkerRuntime

/// Finds the images that drive some neurons most, in the activations that the campaign has made.
public struct ExemplarsRunner: JobRunner {
    private let dataRoots: DataRoots
    private let arrays: ArrayAccess

    /// Reads images only below the given folders, or anywhere where none is given, and activations in a way.
    public init(dataRoots: [FilePath], arrays: ArrayAccess) {
        self.dataRoots = DataRoots(dataRoots)
        self.arrays = arrays
    }

    /// Ranks the images for each neuron, and makes small copies of those that are named.
    public func run(_ job: JobSpecification, context: JobContext) throws -> JobResult {
        let payload = try ExemplarsPayload(decoding: job.payload)
        guard let layer = InceptionV1.layer(named: payload.layer) else {
            throw JobFailure.failed(code: "layer", message: "\(WeightsError.unknownLayer(payload.layer))")
        }
        let directory = context.directory
        let images = try directory.cachedImages(payload.images, count: payload.imageCount)
        try dataRoots.check(images, in: directory)
        let scores = try NeuronScores(payload, layer, arrays, for: context)
        let ranking = Monitor(Ranking(neurons: scores.count, places: ExemplarsPayload.imagesPerNeuron))
        let rowsAtOnce = 64
        let blocks = (payload.imageCount + rowsAtOnce - 1) / rowsAtOnce
        let done = Monitor(0)
        let threads = min(context.threads, blocks)
        try onThreads(threads, named: "exemplars") { thread in
            var reader = try scores.makeReader()
            for block in stride(from: thread, to: blocks, by: threads) {
                try context.checkCancellation()
                for row in block * rowsAtOnce..<min((block + 1) * rowsAtOnce, payload.imageCount) {
                    let values = try reader.scores(ofRow: row)
                    ranking.withLock { $0.add(values, row: row) }
                }
                let count = done.withLock { count in
                    count += 1
                    return count
                }
                context.report(
                    Progress(
                        fraction: Double(count) / Double(blocks),
                        text:
                            "\(min(count * rowsAtOnce, payload.imageCount)) of \(counted(payload.imageCount, "image"))"
                    )
                )
            }
        }
        let ranked = ranking.withLock { $0.exemplars }
        let names: [Int?] = payload.direction == nil ? payload.neurons : [nil]
        let result = ExemplarsResultFile(
            neurons: zip(names, ranked).map { ExemplarsResultFile.Neuron(neuron: $0, exemplars: $1) },
            images: try copies(of: Set(ranked.joined().map(\.row)).sorted(), images, payload, context)
        )
        return JobResult(
            payload: try result.encoded(),
            inputs: ["activations": payload.activations, "images": payload.images]
        )
    }

    /// Small copies of images, each as much of the image as the network sees.
    private func copies(
        of rows: [Int],
        _ images: ImageSetFile,
        _ payload: ExemplarsPayload,
        _ context: JobContext
    ) throws -> [ExemplarsResultFile.Image] {
        let limits = ImageLimits(fileBytes: payload.limits.bytes, pixels: payload.limits.pixels)
        let decoder = try ImageDecoder(limits: limits)
        var resampler = CroppingResampler(width: 128, height: 128, columns: 8..<120, rows: 8..<120)
        let folderLength = images.commonFolderLength
        return try rows.map { row in
            try context.checkCancellation()
            let entry = images.entries[row]
            let bytes = try readInput {
                try LocalFileSystem().contents(ofUserFile: entry.path, limit: limits.fileBytes)
            }
            guard ContentDigest(of: bytes) == entry.digest else { throw InputError.changed(entry.path) }
            do throws(ImageError) {
                let png = try encodePNG(resampler.resample(decoder.decode(bytes)))
                let name = images.name(ofRow: row, without: folderLength)
                return ExemplarsResultFile.Image(row: row, name: name, png: png)
            } catch {
                throw InputError.undecodable(entry.path, error)
            }
        }
    }
}

/// The best images so far of each neuron.
private struct Ranking: Sendable {
    private let places: Int
    private var best: [[ExemplarsResultFile.Exemplar]]

    init(neurons: Int, places: Int) {
        self.places = places
        best = Array(repeating: [], count: neurons)
    }

    var exemplars: [[ExemplarsResultFile.Exemplar]] { best }

    /// Adds an image; of two that are equally good the first in the data set goes first, whenever they come.
    mutating func add(_ values: [Double], row: Int) {
        for (neuron, value) in values.enumerated() where value.isFinite {
            let isBetter = { (other: ExemplarsResultFile.Exemplar) in
                value > other.value || (value == other.value && row < other.row)
            }
            let place = best[neuron].firstIndex(where: isBetter) ?? best[neuron].count
            guard place < places else { continue }
            best[neuron].insert(ExemplarsResultFile.Exemplar(row: row, value: value), at: place)
            if best[neuron].count > places { best[neuron].removeLast() }
        }
    }
}
