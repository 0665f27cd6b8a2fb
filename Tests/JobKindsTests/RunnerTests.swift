// SPDX-License-Identifier: MIT

import ImageCoding
import JobStorage
import JobStorageTestSupport
import Logging
import Networks
import SystemPackage
import SystemSupport
import TensorStorage
import Testing
import WorkerRuntime

@testable import Campaigns
@testable import JobKinds

/// Runs jobs directly, without a queue.
struct Bench {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let options = Campaign.ArrayOptions(dtype: "float32", codec: "shuffle-zstd")

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
    }

    func run<Payload: JobPayload>(
        _ runner: some JobRunner,
        _ payload: Payload,
        threads: Int = 1,
        memoryBudget: Int = 4 << 30,
        onProgress: @escaping @Sendable (Progress) -> Void = { _ in },
        onAlarm: @escaping @Sendable (String) -> Void = { _ in },
        isStopping: @escaping @Sendable () -> Bool = { false }
    ) throws -> JobResult {
        let context = JobContext(
            directory: directory,
            scratch: try temporary.scratch(),
            threads: threads,
            memoryBudget: memoryBudget,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onProgress: onProgress,
            onAlarm: onAlarm,
            isStopping: isStopping
        )
        let job = JobSpecification(kind: Payload.kind, payload: try payload.encoded(), priority: 5)
        return try runner.run(job, context: context)
    }

    func cache(_ bytes: [UInt8], _ file: (ContentDigest) -> FilePath) throws -> ContentDigest {
        let digest = ContentDigest(of: bytes)
        try directory.cache(bytes, as: file(digest), scratch: temporary.scratch())
        return digest
    }

    /// A job on ten small pictures, of which the second shard has the last two.
    func activations(
        shard: Int,
        limits: Campaign.Limits = Campaign.Limits(bytes: 1 << 20, pixels: 1 << 20)
    ) throws -> ActivationsPayload {
        let entries = try (0..<10).map { number in
            let pixels = (0..<12 * 12 * 3).map { UInt8(truncatingIfNeeded: $0 * (number + 2)) }
            let bytes = try encodePNG(RGBImage(width: 12, height: 12, pixels: pixels))
            let path = temporary.folder.path.appending("\(number).png")
            if try !directory.fileSystem.isPresent(path) {
                try directory.fileSystem.create(path, contents: bytes, durably: false)
            }
            return ImageSetFile.Entry(digest: ContentDigest(of: bytes), path: path)
        }
        let weights = try NetworkWeights(seed: 1, batchNorm: false).cacheFile()
        return ActivationsPayload(
            weights: try cache(weights, directory.weightsFile),
            batchNorm: false,
            images: try cache(ImageSetFile(entries).encoded(), directory.listFile),
            imageSet: ImageSetFile(entries).contentDigest,
            imageCount: 10,
            decodingBytes: 1 << 20,
            shardRows: 8,
            shard: shard,
            targets: ["conv2d2", "mixed3a_pool_reduce"].map { .init(layer: $0, array: ContentDigest(of: $0)) },
            options: options,
            limits: limits,
            instructions: nil
        )
    }

    func shards(_ payload: some JobPayload, kind: String) throws -> [[UInt8]] {
        let job = JobSpecification(kind: kind, payload: try payload.encoded(), priority: 5)
        return try JobOutputs.paths(of: job, in: directory).filter { $0.extension == nil }
            .map { try directory.fileSystem.contents(of: $0, limit: 1 << 30) }
    }
}

@Suite(.timeLimit(.minutes(120)))
struct ActivationsRunnerTests {
    private func shards(threads: Int, memoryBudget: Int = 4 << 30) throws -> [[UInt8]] {
        let bench = try Bench()
        var all: [[UInt8]] = []
        for shard in 0..<2 {
            let payload = try bench.activations(shard: shard)
            let runner = ActivationsRunner(dataRoots: [])
            _ = try bench.run(runner, payload, threads: threads, memoryBudget: memoryBudget)
            all += try bench.shards(payload, kind: ActivationsPayload.kind)
        }
        return all
    }

    @Test func `shards do not depend on the number of threads or on the memory budget`() throws {
        let plain = try shards(threads: 1)
        #expect(plain.count == 4)
        #expect(try shards(threads: 3) == plain)
        var budget = 64 << 20
        while budget < 4 << 30 {
            do {
                #expect(try shards(threads: 3, memoryBudget: budget) == plain)
                return
            } catch JobFailure.environment {
                budget += 64 << 20
            }
        }
        Issue.record("no budget was enough")
    }

    @Test func `a memory budget that is too small is the machine's fault, and the message says what is enough`() throws
    {
        let bench = try Bench()
        let payload = try bench.activations(shard: 0)
        let failure = #expect(throws: JobFailure.self) {
            try bench.run(ActivationsRunner(dataRoots: []), payload, memoryBudget: 1 << 20)
        }
        guard case .environment(let message) = failure else {
            Issue.record("failed as \(String(describing: failure))")
            return
        }
        #expect(message.contains("--memory"))
    }

    @Test func `an image that cannot be decoded is named, with the way to leave it out`() throws {
        let bench = try Bench()
        let payload = try bench.activations(shard: 1, limits: Campaign.Limits(bytes: 1 << 20, pixels: 143))
        let failure = #expect(throws: JobFailure.self) { try bench.run(ActivationsRunner(dataRoots: []), payload) }
        guard case .failed(let code, let message) = failure else {
            Issue.record("failed as \(String(describing: failure))")
            return
        }
        #expect(code == "image" && message.contains("at most 143 are decoded") && message.contains("on_error: skip"))
        let images = try bench.directory.cachedImages(payload.images, count: 10)
        #expect(message.contains("\"\(images.entries[8].path)\" cannot be decoded"), "\(message)")
    }

    @Test func `a shard that is missing is made again, the same bytes, and the others are left`() throws {
        let bench = try Bench()
        let payload = try bench.activations(shard: 1)
        let runner = ActivationsRunner(dataRoots: [])
        let first = try bench.run(runner, payload)
        let shards = try bench.shards(payload, kind: ActivationsPayload.kind)
        let job = JobSpecification(kind: ActivationsPayload.kind, payload: try payload.encoded(), priority: 5)
        let paths = try JobOutputs.paths(of: job, in: bench.directory)
        for file in paths.prefix(2) { try bench.directory.fileSystem.remove(file) }
        #expect(try bench.run(runner, payload) == first)
        #expect(try bench.shards(payload, kind: ActivationsPayload.kind) == shards)
        #expect(try paths.allSatisfy { try bench.directory.fileSystem.isPresent($0) })
    }
}

@Suite(.timeLimit(.minutes(120)))
struct GramRunnerTests {
    private let features = 6
    private let images = 50
    private let count = 2100

    /// An array of features, an epoch that draws each image often, and the jobs of both panels.
    func jobs(_ bench: Bench) throws -> (values: [Float], rows: [Int], payloads: [GramPayload]) {
        let values = (0..<images * features).map { Float(($0 * 7919) % 1009) / 100 }
        let rows = (0..<count).map { ($0 * 31) % images }
        let address = ContentDigest(of: "activations")
        let metadata = try ArrayMetadata(
            shape: [images, features],
            shardShape: [32, 6],
            chunkShape: [1, 3],
            elementType: .float32,
            codec: .shuffleZstd,
            level: 1,
            attributes: [:],
            dimensionNames: []
        )
        try writeArray(values.span, metadata, to: bench.directory.array(address))
        let list = try bench.cache(RowListFile.encoded(rows), bench.directory.listFile)
        let payloads = (0..<GramLayout.panels(of: count)).map { panel in
            GramPayload(
                activations: address,
                rows: list,
                count: count,
                gram: ContentDigest(of: "gram"),
                panel: panel,
                options: bench.options,
                instructions: nil
            )
        }
        return (values, rows, payloads)
    }

    @Test func `a matrix of more than one panel is that of all features at once`() throws {
        let bench = try Bench()
        let (values, rows, payloads) = try jobs(bench)
        #expect(payloads.count == 2)
        for payload in payloads { _ = try bench.run(GramRunner(), payload, threads: 2) }
        let gram = try ZarrReader(directory: bench.directory.array(ContentDigest(of: "gram"))).readAll()

        let drawn = rows.map { row in (0..<features).map { Double(values[row * features + $0]) } }
        let means = (0..<features).map { feature in drawn.reduce(0) { $0 + $1[feature] } / Double(count) }
        let centred = drawn.map { row in zip(row, means).map { $0 - $1 } }
        var largest = 0.0
        var worst = 0.0
        for i in 0..<count {
            for j in 0..<count {
                var expected = 0.0
                for feature in 0..<features { expected += centred[i][feature] * centred[j][feature] }
                largest = max(largest, abs(expected))
                worst = max(worst, abs(expected - Double(gram[i * count + j])))
            }
        }
        #expect(worst <= 1e-6 * largest)
    }

    @Test func `another machine's shard stays, and an alarm is raised where it differs though it should not`() throws {
        let bench = try Bench()
        let payload = try jobs(bench).payloads[1]
        _ = try bench.run(GramRunner(), payload)
        let array = bench.directory.array(payload.gram)
        let shard = array.appending("c").appending("1").appending("0")
        let good = try bench.directory.fileSystem.contents(of: shard, limit: 1 << 26)
        for (bytes, alarms) in [(good, 0), (good.map { $0 ^ 1 }, 1)] {
            try LocalFileSystem().remove(shard)
            let raised = Monitor<[String]>([])
            _ = try bench.run(
                GramRunner(),
                payload,
                onProgress: { _ in
                    // Somebody else is quicker.
                    try? LocalFileSystem().create(shard, contents: bytes, durably: false)
                },
                onAlarm: { message in raised.withLock { $0.append(message) } }
            )
            #expect(raised.withLock { $0.count } == alarms)
            #expect(try LocalFileSystem().contents(of: shard, limit: 1 << 26) == bytes)
        }
    }

    @Test func `a panel whose means were lost is made again, the same bytes`() throws {
        let bench = try Bench()
        let payload = try jobs(bench).payloads[1]
        let first = try bench.run(GramRunner(), payload)
        let array = bench.directory.array(payload.gram)
        let means = array.appending(FeatureMeans.fileName)
        let bytes = try bench.directory.fileSystem.contents(of: means, limit: 1000)
        try bench.directory.fileSystem.remove(means)
        #expect(try bench.run(GramRunner(), payload) == first)
        #expect(try bench.directory.fileSystem.contents(of: means, limit: 1000) == bytes)
    }

    @Test func `a memory budget that is too small is the machine's fault`() throws {
        let bench = try Bench()
        let payload = try jobs(bench).payloads[0]
        let failure = #expect(throws: JobFailure.self) {
            try bench.run(GramRunner(), payload, memoryBudget: 1 << 20)
        }
        guard case .environment(let message) = failure else {
            Issue.record("failed as \(String(describing: failure))")
            return
        }
        #expect(message.contains("--memory"))
    }

    @Test func `a missing or damaged input is named as such, and found by an inspection`() throws {
        let bench = try Bench()
        let payload = try jobs(bench).payloads[1]
        let shard = bench.directory.array(payload.activations).appending("c").appending("1").appending("0")
        let inspection = ArrayInspection(bench.directory)
        let whole = try bench.directory.fileSystem.contents(of: shard, limit: 1 << 20)
        #expect(inspection.isReadable(shard))
        for position in stride(from: 0, to: whole.count, by: 17) {
            var bytes = whole
            bytes[position] ^= 0x40
            try bench.directory.fileSystem.overwrite(shard, contents: bytes)
            #expect(!inspection.isReadable(shard), "byte \(position)")
        }
        for length in stride(from: 0, to: whole.count, by: 29) {
            try bench.directory.fileSystem.overwrite(shard, contents: Array(whole.prefix(length)))
            #expect(!inspection.isReadable(shard), "\(length) bytes")
        }
        #expect(throws: JobFailure.self) { try bench.run(GramRunner(), payload) }
        try bench.directory.fileSystem.remove(shard)
        let failure = #expect(throws: JobFailure.self) { try bench.run(GramRunner(), payload) }
        guard case .inputUnreadable = failure else {
            Issue.record("failed as \(String(describing: failure))")
            return
        }
    }

    @Test func `an input that the disk does not give is said to be the input's fault, not the job's`() throws {
        let bench = try Bench()
        let payload = try jobs(bench).payloads[1]
        let shard = bench.directory.array(payload.activations).appending("c").appending("1").appending("0")
        try bench.directory.fileSystem.remove(shard)
        // Of a folder, bytes are refused by an error of the system's.
        try bench.directory.fileSystem.makeDirectory(shard)
        let failure = #expect(throws: JobFailure.self) { try bench.run(GramRunner(), payload) }
        guard case .inputUnreadable("file", let message) = failure else {
            Issue.record("failed as \(String(describing: failure))")
            return
        }
        #expect(message.contains(shard.string))
    }
}
