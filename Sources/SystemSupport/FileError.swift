// SPDX-License-Identifier: MIT

public import SystemPackage

/// A call on a file or directory that the system refused.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was attempted, completing "could not …": "rename", "read".
    public let operation: String
    /// The file or directory that it was attempted on.
    public let path: FilePath
    /// The system's answer.
    public let errno: Errno

    /// Describes a refused call.
    public init(_ operation: String, _ path: FilePath, _ errno: Errno) {
        self.operation = operation
        self.path = path
        self.errno = errno
    }

    /// The message, with a remedy where there is one.
    public var description: String {
        "could not \(operation) \"\(path)\": \(errno)" + (remedy.map { "; \($0)" } ?? "")
    }

    /// Whether the call would have changed nothing.
    private var isReading: Bool { ["read", "open", "list", "inspect", "look at"].contains(operation) }

    private static let placeRemedy =
        "the job directory needs a file system with renames and hard links; choose another place"

    private var remedy: String? {
        switch errno {
        case .noSpace, .diskQuotaExceeded: "free some space there and try again"
        case .permissionDenied where isReading: "check that you may read it"
        case .permissionDenied, .readOnlyFileSystem: "check that you may write there"
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem: "raise the limit of open files (ulimit -n)"
        case .notSupported, .noFunction, .improperLink: Self.placeRemedy
        case .notPermitted where operation == "link": Self.placeRemedy
        default: nil
        }
    }
}

extension FileError {
    /// Whether a second try from a fresh open may succeed, since nothing is known to be wrong.
    public var isTransient: Bool {
        [.interrupted, .staleNFSFileHandle, .resourceTemporarilyUnavailable, .resourceBusy].contains(errno)
    }

    /// Whether the place itself is unfit for work: full, read-only or closed to us.
    ///
    /// Another job would meet the same, so whoever sees this stops and says why.
    public var isEnvironmental: Bool {
        [.noSpace, .diskQuotaExceeded, .readOnlyFileSystem, .permissionDenied, .notPermitted].contains(errno)
    }

    /// Whether the place is closed to us, which may pass where it was open before.
    ///
    /// An NFS server that starts again answers so until it has its exports.
    public var isClosure: Bool { errno == .permissionDenied || errno == .notPermitted }

    /// Whether there is nothing under the name, or no folder where it would be.
    public var isAbsence: Bool { errno == .noSuchFileOrDirectory || errno == .notDirectory }

    /// Whether the file system lacks what was asked of it.
    public var isUnsupported: Bool {
        [.notSupported, .noFunction, .improperLink].contains(errno)
    }
}
