// SPDX-License-Identifier: MIT

internal import Campaigns
private import ComputeEngine
internal import Datasets
private import ImageCoding
internal import JobKinds
private import Synchronization
internal import SystemPackage
internal import SystemSupport

/// Reads and decodes every image of a data set before anything is published.
struct ImageInspection {
    /// The images that could be decoded, in the data set's order, and how the list describes them.
    let images: [(file: ImageSetFile.Entry, listed: ImageList.Entry)]
    /// The others, in the same order, with the reasons; none where these are an error.
    let skipped: [CampaignManifest.SkippedImage]
    /// The names of images whose files have faults although all pixels are there, and what the codec says.
    let faulty: [(image: String, remark: String)]
    /// The most memory that decoding one of the images takes.
    let decodingBytes: Int

    /// Reads and decodes the images of a list.
    ///
    /// - Parameters:
    ///   - list: the images.
    ///   - skips: whether what is no sound image is left out. A read that failed for another reason is an error even then,
    ///     so that the same files always make the same data set.
    ///   - limits: what images may be.
    ///   - threads: how many threads may decode.
    ///   - lists: where all unreadable images are listed where they are many.
    ///   - naming: how messages name the images.
    ///   - onProgress: is told how many are done.
    /// - Throws: `SubmissionError`, which names the images that cannot be read.
    init(
        of list: ImageList,
        skips: Bool,
        limits: Campaign.Limits,
        threads: Int,
        lists: LongLists,
        naming: DatasetNaming,
        onProgress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
    ) throws {
        let paths = list.entries.map { list.path(of: $0) }
        if let strange = paths.first(where: { $0.string.utf8.contains { [10, 13].contains($0) } }) {
            let words = naming.words("the image \"\(strange)\" has a line break in its name; rename it")
            throw SubmissionError(words)
        }
        let outcomes = try Self.check(paths, limits, threads: threads, onProgress)
        var images: [(ImageSetFile.Entry, ImageList.Entry)] = []
        var skipped: [CampaignManifest.SkippedImage] = []
        var faulty: [(String, String)] = []
        var unreadable: [String] = []
        var decodingBytes = 0
        for ((entry, path), outcome) in zip(zip(list.entries, paths), outcomes) {
            switch outcome {
            case .success(let observation):
                images.append((ImageSetFile.Entry(digest: observation.digest, path: path), entry))
                decodingBytes = max(decodingBytes, observation.decodingBytes)
                if let remark = observation.remark { faulty.append((entry.name, remark)) }
            case .failure(let failure) where skips && failure.isLasting:
                skipped.append(.init(image: entry.name, reason: naming.words(failure.reason)))
            case .failure(let failure): unreadable.append(naming.words("\"\(path)\": \(failure.reason)"))
            }
        }
        guard unreadable.isEmpty else {
            throw SubmissionError(Self.describe(lists.shown(unreadable, .unreadable), unreadable.count, skips))
        }
        if images.isEmpty {
            let named = lists.shown(skipped.map { "\"\($0.image)\": \($0.reason)" }, .unreadable)
            let whole = naming.words("\"\(list.folder)\"")
            throw SubmissionError("none of the \(counted(skipped.count, "image")) of \(whole) can be read:\(named)")
        }
        (self.images, self.skipped, self.faulty, self.decodingBytes) = (images, skipped, faulty, decodingBytes)
    }

    /// Takes the rows of arrays for images, which nobody needs to decode.
    init(rows: [(file: ImageSetFile.Entry, name: String)]) {
        images = rows.map { ($0.file, ImageList.Entry(name: $0.name, labels: [])) }
        (skipped, faulty, decodingBytes) = ([], [], 0)
    }

    // MARK: Looking

    /// What is known of an image that could be decoded.
    private struct Observation {
        let digest: ContentDigest
        /// The most memory that decoding it takes.
        let decodingBytes: Int
        /// What is wrong with its file, although all pixels are there.
        let remark: String?
    }

    fileprivate struct Unreadable: Error {
        let reason: String
        /// Whether the file is at fault, so that another look would meet the same.
        let isLasting: Bool
    }

    private static func check(
        _ paths: [FilePath],
        _ limits: Campaign.Limits,
        threads: Int,
        _ onProgress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
    ) throws -> [Result<Observation, Unreadable>] {
        let outcomes = Monitor([Result<Observation, Unreadable>?](repeating: nil, count: paths.count))
        let done = Atomic(0)
        let perTask = 64
        try runTasks((paths.count + perTask - 1) / perTask, threads: threads) { task in
            let decoder = try ImageDecoder(limits: ImageLimits(fileBytes: limits.bytes, pixels: limits.pixels))
            let range = task * perTask..<min((task + 1) * perTask, paths.count)
            var found: [Result<Observation, Unreadable>] = []
            for index in range { found.append(check(paths[index], decoder, limits)) }
            outcomes.withLock { $0.replaceSubrange(range, with: found) }
            onProgress(done.wrappingAdd(range.count, ordering: .relaxed).newValue, paths.count)
        }
        return outcomes.withLock { $0.compactMap { $0 } }
    }

    private static func check(
        _ path: FilePath,
        _ decoder: borrowing ImageDecoder,
        _ limits: Campaign.Limits
    ) -> Result<Observation, Unreadable> {
        do {
            let bytes = try LocalFileSystem().contents(ofUserFile: path, limit: limits.bytes)
            let decoded = try decoder.examine(bytes)
            let pixels = decoded.image.width * decoded.image.height
            let memory = pixels * ImageDecoder.mostBytesPerPixel + bytes.count
            return .success(
                Observation(digest: ContentDigest(of: bytes), decodingBytes: memory, remark: decoded.remark)
            )
        } catch let error as ImageError {
            return .failure(Unreadable(error))
        } catch let error as FileError {
            return .failure(Unreadable(error, limit: limits.bytes))
        } catch {
            return .failure(Unreadable(reason: "\(error)", isLasting: false))
        }
    }

    // MARK: Messages

    private static func describe(_ named: String, _ count: Int, _ skips: Bool) -> String {
        let remedy =
            skips
            ? "these may be sound, so they are not left out; mend the cause and submit again"
            : "remove or replace them, or leave them out by \"on_error: skip\" in \"dataset\""
        return "\(counted(count, "image")) cannot be read; \(remedy):\(named)"
    }
}

extension ImageInspection.Unreadable {
    fileprivate init(_ error: ImageError) {
        switch error {
        case .unknownFormat, .damaged: self.init(reason: "\(error)", isLasting: true)
        case .fileTooLarge: self.init(reason: "\(error); \"limits: {bytes}\" raises that", isLasting: true)
        case .tooManyPixels: self.init(reason: "\(error); \"limits: {pixels}\" raises that", isLasting: true)
        case .codecFailed: self.init(reason: "\(error)", isLasting: false)
        }
    }

    fileprivate init(_ error: FileError, limit: Int) {
        guard error.errno != .fileTooLarge else {
            self.init(reason: "the file has more than \(limit) bytes; \"limits: {bytes}\" raises that", isLasting: true)
            return
        }
        self.init(reason: "\(error)", isLasting: [.permissionDenied, .ioError].contains(error.errno))
    }
}
