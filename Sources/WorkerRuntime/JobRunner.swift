// SPDX-License-Identifier: MIT

public import JobStorage
public import Logging
public import SystemPackage
public import SystemSupport

/// Runs the jobs of one kind.
public protocol JobRunner: Sendable {
    /// Computes a job's result on the calling thread.
    ///
    /// Throws `HandedBack` where it was asked to stop, `JobFailure` where the job cannot be done. The same job must
    /// always give the same payload.
    func run(_ job: JobSpecification, context: JobContext) throws -> JobResult
}

/// The job goes back as it was, because the worker was asked to stop.
public struct HandedBack: Error {
    /// Needs nothing.
    public init() {}
}

/// The job goes back as it was, because it needs a worker process that was started in another way.
public struct NeedsRestart: Error {
    /// How to start the process, in a word that its program understands.
    public let mode: String

    /// Names how to start.
    public init(mode: String) {
        self.mode = mode
    }
}

/// Why a job cannot be done.
public enum JobFailure: Error, Equatable, CustomStringConvertible {
    /// The job itself is at fault; the code is a word or two of `[a-z0-9-]`.
    case failed(code: String, message: String)
    /// An input is missing or unreadable; the message says which.
    case inputUnreadable(code: String, message: String)
    /// This machine cannot do any job: its disk is full, or closed to us.
    case environment(message: String)

    /// The message.
    public var description: String {
        switch self {
        case .failed(_, let message), .inputUnreadable(_, let message), .environment(let message): message
        }
    }
}

/// What a runner is given besides the job.
public struct JobContext: Sendable {
    /// The job directory, for inputs and arrays.
    public let directory: JobDirectory
    /// How many threads to compute with.
    public let threads: Int
    /// How many bytes of memory to keep to.
    public let memoryBudget: Int
    /// Where to say what happens.
    public let logger: Logger
    private let onProgress: @Sendable (Progress) -> Void
    private let onAlarm: @Sendable (String) -> Void
    private let isStopping: @Sendable () -> Bool
    private let folder: FilePath
    private let isFolderMade = Monitor(false)

    /// Puts a context together; `scratch` is where this attempt's own folder may be made.
    public init(
        directory: JobDirectory,
        scratch: FilePath,
        threads: Int,
        memoryBudget: Int,
        logger: Logger,
        onProgress: @escaping @Sendable (Progress) -> Void,
        onAlarm: @escaping @Sendable (String) -> Void = { _ in },
        isStopping: @escaping @Sendable () -> Bool
    ) {
        self.directory = directory
        folder = scratch
        self.threads = threads
        self.memoryBudget = memoryBudget
        self.logger = logger
        self.onProgress = onProgress
        self.onAlarm = onAlarm
        self.isStopping = isStopping
    }

    /// A folder for this attempt alone, on the job directory's file system; removed afterwards.
    ///
    /// Made when it is first asked for, since small jobs need none.
    public func scratch() throws(FileError) -> FilePath {
        let isMade = isFolderMade.withLock { isMade in
            defer { isMade = true }
            return isMade
        }
        if !isMade { try directory.fileSystem.makeDirectories(folder) }
        return folder
    }

    func removeScratch() {
        guard isFolderMade.withLock({ $0 }) else { return }
        try? directory.fileSystem.removeTree(folder)
    }

    /// Says how far the job is; the next heartbeat carries it.
    public func report(_ progress: Progress) { onProgress(progress) }

    /// Says that this machine and another one made different bytes of the same job, so that one of them is wrong.
    public func raiseAlarm(_ message: String) { onAlarm(message) }

    /// Whether the worker was asked to stop: the runner may throw `HandedBack`, or finish.
    public var isCancelled: Bool { isStopping() }

    /// Hands the job back if the worker was asked to stop; to be called between two pieces of work.
    public func checkCancellation() throws(HandedBack) {
        if isCancelled { throw HandedBack() }
    }
}
