// SPDX-License-Identifier: MIT

internal import SystemPackage
internal import SystemSupport
internal import TensorStorage
internal import WorkerRuntime

/// An input of a job that is not as it was when the job was made.
enum InputError {
    /// A cached file has another content than its name says.
    static func changed(_ file: FilePath) -> JobFailure {
        .inputUnreadable(code: "changed", message: "\"\(file)\" was changed since the campaign was submitted")
    }

    /// A file of an array is missing or damaged.
    static func unreadable(_ error: ShardError) -> JobFailure {
        .inputUnreadable(
            code: "shard",
            message: "\(error); a coordinator looks at it, and has it made again if it is lost"
        )
    }

    /// An image has the content that it had at submit, and yet cannot be decoded.
    static func undecodable(_ file: FilePath, _ error: any Error) -> JobFailure {
        .failed(
            code: "image",
            message:
                "\"\(file)\" cannot be decoded: \(error); it could be when the campaign was submitted, so compare the "
                + "machines' image libraries, or replace the image, or leave it out by \"on_error: skip\" in \"dataset\", "
                + "and submit again"
        )
    }

    /// A cached file has a content that this version cannot read.
    static func malformed(_ file: FilePath, _ reason: String) -> JobFailure {
        .failed(code: "malformed", message: "\"\(file)\" cannot be used: \(reason)")
    }
}

/// Runs a read of an input, and says of missing and damaged files that the input is at fault, not the job.
func readInput<Result>(_ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let error as ShardError {
        throw InputError.unreadable(error)
    } catch let error as FileError where !error.isOwnFault && !error.isTransient {
        throw JobFailure.inputUnreadable(code: "file", message: "\(error)")
    }
}

extension FileError {
    /// Whether a read failed for want of something that this process has too little of, so that the file is not at fault.
    var isOwnFault: Bool { [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory].contains(errno) }
}
