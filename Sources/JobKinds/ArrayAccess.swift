// SPDX-License-Identifier: MIT

public import HTTPTransfer
internal import JobStorage
private import SystemPackage
internal import SystemSupport
internal import TensorStorage
internal import WorkerRuntime

/// How a worker reads the arrays of its job directory: from the directory, or from a web server that serves them.
public struct ArrayAccess: Sendable {
    private let server: (address: WebAddress, client: WebClient)?

    /// Reads from the directory.
    public static let directory = ArrayAccess(server: nil)

    /// Reads from the address of the directory's folder of arrays.
    public static func server(_ address: WebAddress, by client: WebClient) -> ArrayAccess {
        ArrayAccess(server: (address, client))
    }

    private init(server: (WebAddress, WebClient)?) {
        self.server = server
    }

    /// Opens an array for a job; what is fetched of it ends when the worker is asked to stop.
    ///
    /// - Throws: as `InputArray.read(_:)`.
    func open(_ array: ContentDigest, for context: JobContext) throws -> InputArray {
        let directory = context.directory.array(array)
        guard let server = try server(of: array, for: context) else {
            let reader = try readAnew { try ZarrReader(directory: directory) }
            return InputArray(reader: reader, server: nil)
        }
        let reader = try server.reading(isOpen: false) { try ZarrReader(address: server.address, by: server.client) }
        return InputArray(reader: reader, server: server)
    }

    /// The bytes of a small file of an array.
    ///
    /// - Throws: as `InputArray.read(_:)`.
    func contents(of name: String, _ array: ContentDigest, for context: JobContext, limit: Int) throws -> [UInt8] {
        let directory = context.directory
        guard let server = try server(of: array, for: context) else {
            let file = directory.array(array).appending(name)
            // Small files carry no digest, so they are always opened anew.
            _ = try? directory.fileSystem.refreshDirectories(above: file)
            return try readInput { try directory.fileSystem.contents(of: file, limit: limit) }
        }
        return try server.reading(isOpen: false) { try server.contents(of: name, limit: limit) }
    }

    private func server(of array: ContentDigest, for context: JobContext) throws(TransferError) -> ArrayServer? {
        guard let server else { return nil }
        return ArrayServer(
            root: server.address,
            address: try server.address.below(array.hexadecimal),
            client: server.client.cancelled { context.isCancelled },
            array: array,
            directory: context.directory
        )
    }
}

/// An array that a job reads.
struct InputArray: Sendable {
    /// Reads it; errors get their meaning in `read`.
    let reader: ZarrReader
    fileprivate let server: ArrayServer?

    /// Reads something of the array.
    ///
    /// - Throws: `JobFailure.inputUnreadable` where the job directory's own file is missing or damaged;
    ///   `JobFailure.environment` where only the server that this worker was told to ask does not have it, or does not
    ///   answer; `HandedBack` where the worker was asked to stop meanwhile.
    func read<Result>(_ body: () throws -> Result) throws -> Result {
        guard let server else { return try readAnew(closing: reader, body) }
        return try server.reading(isOpen: true, body)
    }
}

/// Reads something of an array of the job directory, and where it cannot be read once more: the name may have led to a file
/// that was put away since.
///
/// - Throws: as `readInput(_:)`.
private func readAnew<Result>(closing reader: ZarrReader? = nil, _ body: () throws -> Result) throws -> Result {
    let suspect: FilePath
    do { return try body() } catch let error as ShardError {
        suspect = FilePath(error.file)
    } catch let error as FileError {
        suspect = error.path
    }
    // Where the folders cannot be opened either, the second reading says so.
    _ = try? LocalFileSystem().refreshDirectories(above: suspect)
    reader?.closeFiles()
    return try readInput(body)
}

/// A web server that a worker asks for an array, and whether it or the job directory is at fault.
private struct ArrayServer: Sendable {
    /// What the user gave.
    let root: WebAddress
    /// The array's own address.
    let address: WebAddress
    let client: WebClient
    let array: ContentDigest
    let directory: JobDirectory

    /// Reads a part of an array.
    ///
    /// Of one that is not open yet, whatever goes wrong in the transfer is wrong with the server; of one that is, a file
    /// may have been made again while it was read.
    func reading<Result>(isOpen: Bool, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as ShardError {
            guard let name = soundFile(error.file) else {
                if !isOpen, !areArraysVisible { throw unusable("it has no array \(array.hexadecimal)") }
                throw InputError.unreadable(error)
            }
            // It may have been made again between the two looks.
            if let result = try? body() { return result }
            throw unusable("it does not send \(name) as the job directory has it")
        } catch TransferError.cancelled {
            throw HandedBack()
        } catch let error as TransferError {
            if case .failed = error, isOpen { throw JobFailure.inputUnreadable(code: "fetch", message: "\(error)") }
            throw unusable("\(error)")
        }
    }

    /// The bytes of a small file of the array.
    func contents(of name: String, limit: Int) throws -> [UInt8] {
        do throws(TransferError) {
            return try client.contents(of: address.below(name), limit: limit)
        } catch {
            guard case .refused(let address, 404, _) = error else { throw error }
            throw ShardError(file: "\(address)", chunk: nil, reason: .missingFile)
        }
    }

    /// Whether this machine sees the job directory's arrays itself, and so can tell whether one is lost.
    private var areArraysVisible: Bool { (try? directory.arrays().isEmpty) == false }

    /// The name of a file that cannot be had from the server, if it is whole in the job directory.
    private func soundFile(_ file: String) -> String? {
        // What follows a question mark is no part of the name.
        let parts = file.prefix { $0 != "?" }.split(separator: "/").map(String.init)
        let names = parts.drop { $0 != array.hexadecimal }.dropFirst()
        let own = names.reduce(directory.array(array)) { $0.appending($1) }
        guard !names.isEmpty, (try? directory.fileSystem.isPresent(own)) ?? false,
            ArrayInspection(directory).isReadable(own)
        else { return nil }
        return "\(array.hexadecimal)/\(names.joined(separator: "/"))"
    }

    private func unusable(_ reason: String) -> JobFailure {
        .environment(
            message:
                "arrays cannot be read from \(root): \(reason); --arrays-url must be an address where this worker may "
                + "read the folder \"\(directory.root)/arrays\"; correct it, or start the worker without it"
        )
    }
}
