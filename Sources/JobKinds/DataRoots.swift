// SPDX-License-Identifier: MIT

internal import JobStorage
internal import SystemPackage
internal import SystemSupport
internal import WorkerRuntime

/// The folders below which a worker reads images; any folder where none is given.
struct DataRoots: Sendable {
    private let folders: [FilePath]

    init(_ folders: [FilePath]) {
        self.folders = folders.map {
            ($0.isAbsolute ? $0 : currentDirectory().pushing($0)).lexicallyNormalized()
        }
    }

    /// Lets pass what lies below the folders, or was fetched to the job directory.
    ///
    /// - Throws: `JobFailure.environment` where an image lies elsewhere.
    func check(_ images: ImageSetFile, in directory: JobDirectory) throws(JobFailure) {
        let downloads = directory.downloads.lexicallyNormalized()
        let outside = images.entries.first { entry in
            !isAllowed(entry.path) && !entry.path.lexicallyNormalized().starts(with: downloads)
        }
        if let outside { throw refusal(of: outside.path) }
    }

    /// Lets pass a path below the folders.
    ///
    /// - Throws: `JobFailure.environment` for any other.
    func check(_ path: FilePath) throws(JobFailure) {
        if !isAllowed(path) { throw refusal(of: path) }
    }

    private func refusal(of path: FilePath) -> JobFailure {
        .environment(message: "\"\(path)\" is not below --data-root; start the worker with the folder that holds it")
    }

    private func isAllowed(_ path: FilePath) -> Bool {
        let path = path.lexicallyNormalized()
        return folders.isEmpty || folders.contains { path.starts(with: $0) }
    }
}

extension JobDirectory {
    /// A list of images in the cache.
    ///
    /// - Throws: `JobFailure` for a list that is missing, was changed, or has another number of images.
    func cachedImages(_ digest: ContentDigest, count: Int) throws -> ImageSetFile {
        let file = listFile(digest)
        let bytes = try cachedContents(of: file, digest: digest, limit: 4 << 30)
        guard let images = ImageSetFile(decoding: bytes), images.entries.count == count else {
            throw InputError.malformed(file, "it is no list of \(counted(count, "image"))")
        }
        return images
    }
}
