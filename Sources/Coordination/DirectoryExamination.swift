// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemPackage
private import SystemSupport

/// One thing that a job directory's place was examined for.
public struct ExaminationFinding: Equatable, Encodable, Sendable {
    /// How good it is.
    public enum State: String, Encodable, Sendable {
        /// As it should be.
        case ok
        /// It works, and could be better.
        case warning
        /// Work may be lost or done wrongly here.
        case failure
    }

    /// What was examined: "rename", "mount options".
    public let name: String
    /// How good it is.
    public let state: State
    /// What was found, in words, and what to do where it is not good.
    public let message: String
    /// What was measured, in the unit that the words name; nil where nothing was.
    public let value: Double?

    /// States a finding.
    public init(_ name: String, _ state: State, _ message: String, value: Double? = nil) {
        self.name = name
        self.state = state
        self.message = message
        self.value = value
    }

    enum CodingKeys: String, CodingKey {
        case name, state, message, value
    }

    /// Writes every key, null where there is nothing to say.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(state, forKey: .state)
        try container.encode(message, forKey: .message)
        try container.encode(value, forKey: .value)
    }
}

/// Examines whether a place keeps what the protocol of the job directory rests on.
///
/// All that it makes is in one private folder of the directory, and gone afterwards.
public struct DirectoryExamination {
    private static let sampleSize = 200
    private static let littleSpace = 1 << 30
    private static let fewFiles = 100_000

    private let directory: JobDirectory
    private let scratch: FilePath
    private var fileSystem: any FileSystem { directory.fileSystem }

    /// Examines a job directory with a private folder on its file system.
    public init(_ directory: JobDirectory, scratch: FilePath) {
        self.directory = directory
        self.scratch = scratch
    }

    /// Everything that one process can find out.
    public func findings() -> [ExaminationFinding] {
        var findings: [ExaminationFinding] = [mount, space, inodes]
        findings.append(attempt("group") { _ in try GroupExamination(directory.root, on: fileSystem).finding() })
        findings.append(attempt("rename", tryRename))
        findings.append(attempt("rename of folders", tryFolderRename))
        findings.append(attempt("links", tryLinks))
        findings.append(attempt("exclusive creation", tryCreation))
        findings.append(attempt("one file system", tryOneFileSystem))
        findings.append(attempt("long names", tryLongNames))
        findings.append(attempt("sync", measureSync))
        findings.append(attempt("renames a second", measureRenames))
        findings.append(attempt("listing", measureListing))
        return findings
    }

    private func attempt(_ name: String, _ body: (String) throws -> ExaminationFinding) -> ExaminationFinding {
        do { return try body(name) } catch { return ExaminationFinding(name, .failure, "\(error)") }
    }

    // MARK: The place

    private var mount: ExaminationFinding {
        guard let mount = MountInformation(of: directory.root) else {
            return ExaminationFinding(
                MountExamination.name,
                .warning,
                "the kernel does not say how \(directory.root) is mounted"
            )
        }
        return MountExamination(mount).finding
    }

    private var space: ExaminationFinding {
        let name = "free space"
        do throws(FileError) {
            let bytes = try FreeSpace(at: directory.root).bytes
            let text = "\(ByteCount(bytes)) free"
            guard bytes < Self.littleSpace else { return ExaminationFinding(name, .ok, text, value: Double(bytes)) }
            return ExaminationFinding(name, .warning, "\(text); arrays need more", value: Double(bytes))
        } catch {
            return ExaminationFinding(name, .failure, "\(error)")
        }
    }

    private var inodes: ExaminationFinding {
        let name = "free inodes"
        do throws(FileError) {
            guard let files = try FreeSpace(at: directory.root).files else {
                return ExaminationFinding(name, .ok, "not limited here")
            }
            let text = "\(counted(Int(clamping: files), "file")) can still be made"
            guard files < Self.fewFiles else { return ExaminationFinding(name, .ok, text, value: Double(files)) }
            let advice = "\(text); a job takes two, and more while it runs"
            return ExaminationFinding(name, .warning, advice, value: Double(files))
        } catch {
            return ExaminationFinding(name, .failure, "\(error)")
        }
    }

    // MARK: What calls do

    private func tryRename(_ name: String) throws -> ExaminationFinding {
        let (first, second) = (path("rename-a"), path("rename-b"))
        try fileSystem.create(first, contents: [1], durably: true)
        try fileSystem.rename(first, to: second)
        let isGone = try !fileSystem.isPresent(first)
        let isThere = try fileSystem.isPresent(second)
        guard isGone, isThere else {
            return ExaminationFinding(name, .failure, "a renamed file is at both names or at none; use another place")
        }
        return ExaminationFinding(name, .ok, "moves a file at once")
    }

    private func tryFolderRename(_ name: String) throws -> ExaminationFinding {
        let (first, second) = (path("folder-a"), path("folder-b"))
        for folder in [first, second] {
            try fileSystem.makeDirectory(folder)
            try fileSystem.create(folder.appending("file"), contents: [1], durably: false)
        }
        do throws(FileError) {
            try fileSystem.rename(first, to: second)
        } catch {
            return ExaminationFinding(name, .ok, "never replaces a folder that holds something")
        }
        return ExaminationFinding(name, .failure, "replaces a folder that holds files; use another place")
    }

    private func tryLinks(_ name: String) throws -> ExaminationFinding {
        let (first, second) = (path("link-a"), path("link-b"))
        try fileSystem.create(first, contents: [1], durably: false)
        try fileSystem.link(first, to: second)
        do throws(FileError) {
            try fileSystem.link(first, to: second)
        } catch {
            return ExaminationFinding(name, .ok, "hard links never replace a file")
        }
        return ExaminationFinding(name, .failure, "a hard link replaced a file; use another place")
    }

    private func tryCreation(_ name: String) throws -> ExaminationFinding {
        let file = path("exclusive")
        try fileSystem.create(file, contents: [1], durably: false)
        do throws(FileError) {
            try fileSystem.create(file, contents: [2], durably: false)
        } catch {
            return ExaminationFinding(name, .ok, "a file is made by one process only")
        }
        return ExaminationFinding(name, .failure, "two processes can make the same file; use another place")
    }

    private func tryOneFileSystem(_ name: String) throws -> ExaminationFinding {
        for folder in ["pending", "running", "returned", "done", "failed", "results", "arrays", "trash", "control"] {
            guard try isOneFileSystem(with: folder) else {
                return ExaminationFinding(
                    name,
                    .failure,
                    "\"\(folder)\" is on another file system than \"scratch\"; put the whole directory on one"
                )
            }
        }
        return ExaminationFinding(name, .ok, "all folders are on one")
    }

    private func isOneFileSystem(with folder: String) throws(FileError) -> Bool {
        let file = path("crossing-\(folder)")
        let target = directory.root.appending(folder).appending(".examination-\(directory.platform.randomBits())")
        try fileSystem.create(file, contents: [1], durably: false)
        do throws(FileError) {
            try fileSystem.rename(file, to: target)
        } catch {
            if error.errno == .improperLink { return false }
            throw error
        }
        try fileSystem.remove(target)
        return true
    }

    private func tryLongNames(_ name: String) throws -> ExaminationFinding {
        let file = path(String(repeating: "n", count: 255))
        try fileSystem.create(file, contents: [], durably: false)
        let isCaseBlind = try fileSystem.isPresent(path(String(repeating: "N", count: 255)))
        guard !isCaseBlind else {
            return ExaminationFinding(name, .failure, "capital and small letters are the same here; use another place")
        }
        return ExaminationFinding(name, .ok, "names may have 255 bytes")
    }

    // MARK: What calls cost

    private func measureSync(_ name: String) throws -> ExaminationFinding {
        let count = 10
        let seconds = try seconds {
            for number in 0..<count {
                try fileSystem.create(path("sync-\(number)"), contents: [1], durably: true)
                try fileSystem.synchronize(directory: scratch)
            }
        }
        let milliseconds: Double = seconds / Double(count) * 1000
        let text = "a durable file takes \(rounded(milliseconds)) ms"
        guard milliseconds > 200 else { return ExaminationFinding(name, .ok, text, value: milliseconds) }
        return ExaminationFinding(name, .warning, "\(text); short jobs will wait for the disk", value: milliseconds)
    }

    private func measureRenames(_ name: String) throws -> ExaminationFinding {
        let file = path("rate")
        try fileSystem.create(file, contents: [1], durably: false)
        let other = path("rate-other")
        let seconds = try seconds {
            for _ in 0..<Self.sampleSize / 2 {
                try fileSystem.rename(file, to: other)
                try fileSystem.rename(other, to: file)
            }
        }
        let rate: Double = Double(Self.sampleSize) / max(seconds, 1e-9)
        let state: ExaminationFinding.State = rate < 50 ? .warning : .ok
        return ExaminationFinding(name, state, "\(rounded(rate)) renames a second", value: rate)
    }

    private func measureListing(_ name: String) throws -> ExaminationFinding {
        let folder = path("listing")
        try fileSystem.makeDirectory(folder)
        for number in 0..<1000 {
            try fileSystem.create(folder.appending("file-\(number)"), contents: [], durably: false)
        }
        var count = 0
        let seconds = try seconds { count = try fileSystem.names(in: folder).count }
        guard count == 1000 else {
            return ExaminationFinding(name, .failure, "a listing of 1000 files shows \(count); use another place")
        }
        let milliseconds: Double = seconds * 1000
        let state: ExaminationFinding.State = seconds > 1 ? .warning : .ok
        return ExaminationFinding(name, state, "a thousand names take \(rounded(milliseconds)) ms", value: milliseconds)
    }

    // MARK: Helpers

    private func path(_ name: String) -> FilePath { scratch.appending(name) }

    private func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = directory.platform.now
        try body()
        return start.duration(to: directory.platform.now) / .seconds(1)
    }

    private func rounded(_ value: Double) -> String {
        if value >= 10 { return String(Int(value.rounded())) }
        let hundredths: Double = (value * 100).rounded()
        return String(hundredths / 100)
    }
}
