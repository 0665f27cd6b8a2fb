// SPDX-License-Identifier: MIT

import JobKinds
import JobStorage
import SystemPackage
import SystemSupport

/// Checks every file of arrays, and everything in the cache, against what its name or content promises.
struct ArrayVerification {
    private static let cacheLimit = 4 << 30

    private let directory: JobDirectory
    private let content: any CampaignContent
    private let onProgress: Verification.ProgressReport

    init(
        _ directory: JobDirectory,
        content: any CampaignContent,
        onProgress: @escaping Verification.ProgressReport
    ) {
        self.directory = directory
        self.content = content
        self.onProgress = onProgress
    }

    func problems(_ checked: inout [String: Int]) throws -> [QueueProblem] {
        var problems: [QueueProblem] = []
        let arrays = try directory.arrays()
        for (number, address) in arrays.enumerated() {
            onProgress("checking arrays", number, arrays.count)
            let array = directory.array(address)
            guard let files = try filesIfArray(array) else {
                problems.append(QueueProblem(.stranger, path: relative(array), "no folder, so no array; passed over"))
                continue
            }
            for file in files {
                checked["files", default: 0] += 1
                guard !content.isReadable(file) else { continue }
                // A file that was moved away meanwhile is not damaged.
                guard try directory.fileSystem.isPresent(file) else { continue }
                problems.append(
                    QueueProblem(
                        .damagedFile,
                        path: relative(file),
                        "it cannot be read, or is not what was written",
                        remedy: .quarantine(file)
                    )
                )
            }
        }
        return try problems + cacheProblems(&checked)
    }

    /// The files of an array; nil for what only has an array's name.
    private func filesIfArray(_ array: FilePath) throws(FileError) -> [FilePath]? {
        do throws(FileError) {
            return try files(in: array)
        } catch {
            if error.errno == .notDirectory { return nil }
            throw error
        }
    }

    /// The files of an array, without notes of who uses it and without what is in quarantine.
    private func files(in folder: FilePath, isTop: Bool = true) throws(FileError) -> [FilePath] {
        var files: [FilePath] = []
        for name in try directory.fileSystem.names(in: folder).sorted() {
            if isTop, JobDirectory.isArrayNote(name) { continue }
            let path = folder.appending(name)
            do throws(FileError) {
                files += try self.files(in: path, isTop: false)
            } catch  where error.errno == .notDirectory {
                files.append(path)
            }
        }
        return files
    }

    private func cacheProblems(_ checked: inout [String: Int]) throws -> [QueueProblem] {
        var problems: [QueueProblem] = []
        for kind in ["weights", "datasets"] {
            let folder = directory.root.appending("cache").appending(kind)
            guard try directory.fileSystem.isPresent(folder) else { continue }
            for name in try directory.fileSystem.names(in: folder).sorted() {
                guard let digest = ContentDigest(hexadecimal: name) else {
                    problems.append(
                        QueueProblem(.stranger, path: relative(folder.appending(name)), "not a digest; passed over")
                    )
                    continue
                }
                checked["cached files", default: 0] += 1
                let file = folder.appending(name)
                let bytes = try? directory.fileSystem.contents(of: file, digest: digest, limit: Self.cacheLimit)
                guard bytes == nil else { continue }
                problems.append(
                    QueueProblem(
                        .damagedFile,
                        path: relative(file),
                        "its content is not what its name promises; submit the campaign again to replace it",
                        remedy: .discard(file)
                    )
                )
            }
        }
        return problems
    }

    private func relative(_ path: FilePath) -> FilePath {
        var inside = path
        _ = inside.removePrefix(directory.root)
        return inside
    }
}
