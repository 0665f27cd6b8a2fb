// SPDX-License-Identifier: MIT

internal import Campaigns
private import ComputeEngine
private import Datasets
private import ImageCoding
internal import JobKinds
private import Synchronization
internal import SystemPackage
internal import SystemSupport

/// Reads and decodes every image of a data set before anything is published.
enum ImageInspection {
    /// How many unreadable images are named.
    private static let mostNamed = 20

    /// The images in the data set's order, each with the digest of its file.
    static func inspect(
        _ folder: FilePath,
        limits: Campaign.Limits,
        threads: Int,
        onProgress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
    ) throws -> (images: [ImageSetFile.Entry], decodingBytes: Int) {
        let list = try ImageList(folder: folder)
        let paths = list.entries.map { list.path(of: $0) }
        if let strange = paths.first(where: { $0.string.utf8.contains { [10, 13].contains($0) } }) {
            throw SubmissionError("the image \"\(strange)\" has a line break in its name; rename it")
        }
        let outcomes = Mutex([Result<Sight, Unreadable>?](repeating: nil, count: paths.count))
        let done = Atomic(0)
        let perTask = 64
        try runTasks((paths.count + perTask - 1) / perTask, threads: threads) { task in
            let decoder = try ImageDecoder(limits: ImageLimits(fileBytes: limits.bytes, pixels: limits.pixels))
            let range = task * perTask..<min((task + 1) * perTask, paths.count)
            var found: [Result<Sight, Unreadable>] = []
            for index in range { found.append(check(paths[index], decoder, limits)) }
            outcomes.withLock { $0.replaceSubrange(range, with: found) }
            onProgress(done.wrappingAdd(range.count, ordering: .relaxed).newValue, paths.count)
        }
        let all = outcomes.withLock { $0.compactMap { $0 } }
        let unreadable = zip(paths, all).compactMap { path, outcome in
            if case .failure(let failure) = outcome { "\"\(path)\": \(failure.reason)" } else { nil as String? }
        }
        guard unreadable.isEmpty else { throw SubmissionError(describe(unreadable)) }
        let sights = try all.map { try $0.get() }
        let images = zip(paths, sights).map { ImageSetFile.Entry(digest: $1.digest, path: $0) }
        return (images, sights.map(\.decodingBytes).max() ?? 0)
    }

    /// What is known of an image that could be decoded.
    private struct Sight {
        let digest: ContentDigest
        /// The most memory that decoding it takes.
        let decodingBytes: Int
    }

    private struct Unreadable: Error {
        let reason: String
    }

    private static func check(
        _ path: FilePath,
        _ decoder: borrowing ImageDecoder,
        _ limits: Campaign.Limits
    ) -> Result<Sight, Unreadable> {
        do {
            let bytes = try LocalFileSystem().contents(ofUserFile: path, limit: limits.bytes)
            let image = try decoder.decode(bytes)
            let pixels = image.width * image.height
            let memory = pixels * ImageDecoder.mostBytesPerPixel + bytes.count
            return .success(Sight(digest: ContentDigest(of: bytes), decodingBytes: memory))
        } catch {
            return .failure(Unreadable(reason: "\(error)"))
        }
    }

    private static func describe(_ unreadable: [String]) -> String {
        let count = unreadable.count == 1 ? "an image cannot" : "\(unreadable.count) images cannot"
        let named = unreadable.prefix(mostNamed).joined(separator: "\n  ")
        let more = unreadable.count > mostNamed ? "\n  and \(unreadable.count - mostNamed) more" : ""
        return "\(count) be read; remove or replace:\n  \(named)\(more)"
    }
}
