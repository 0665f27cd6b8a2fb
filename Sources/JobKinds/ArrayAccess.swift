// SPDX-License-Identifier: MIT

public import HTTPTransfer
internal import JobStorage
private import SystemPackage
internal import SystemSupport
internal import TensorStorage

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

    /// Opens an array.
    ///
    /// - Throws: `JobFailure.inputUnreadable` where it is missing or damaged, or its server does not answer.
    func reader(of array: ContentDigest, in directory: JobDirectory) throws -> ZarrReader {
        try readInput {
            guard let server else { return try ZarrReader(directory: directory.array(array)) }
            return try ZarrReader(address: server.address.below(array.hexadecimal), by: server.client)
        }
    }

    /// The bytes of a small file of an array.
    ///
    /// - Throws: as `reader(of:in:)`.
    func contents(of name: String, _ array: ContentDigest, in directory: JobDirectory, limit: Int) throws -> [UInt8] {
        try readInput {
            guard let server else {
                return try directory.fileSystem.contents(of: directory.array(array).appending(name), limit: limit)
            }
            return try server.client.contents(of: server.address.below("\(array.hexadecimal)/\(name)"), limit: limit)
        }
    }
}
