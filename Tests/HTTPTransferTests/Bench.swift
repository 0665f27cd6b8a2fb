// SPDX-License-Identifier: MIT

import HTTPTransfer
import SystemPackage
import SystemSupport
import WebServers

extension TransferPolicy {
    /// Quick to give up and to try again, since servers here are near.
    static var quick: TransferPolicy {
        var policy = TransferPolicy.standard
        policy.stallTimeout = .seconds(1)
        policy.firstDelay = .milliseconds(1)
        policy.longestDelay = .seconds(2)
        return policy
    }
}

/// Fetches to a folder of its own.
struct Bench {
    let place: TemporaryPlace
    let file: FilePath
    let draft: FilePath

    init() throws {
        place = try TemporaryPlace()
        file = place.path.below("file")
        draft = place.path.below("draft")
    }

    @discardableResult
    func fetch(
        _ address: String,
        _ policy: TransferPolicy = .quick,
        expecting digest: ContentDigest? = nil,
        limit: Int = 1 << 30,
        onProgress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) throws(TransferError) -> Download {
        try WebClient(policy).download(
            WebAddress(address),
            to: file,
            draft: draft,
            expecting: digest,
            limit: limit,
            onProgress: onProgress
        )
    }

    /// What has the final name; nil where nothing has.
    func content() throws -> [UInt8]? {
        guard try LocalFileSystem().isPresent(file) else { return nil }
        return try LocalFileSystem().contents(of: file, limit: 1 << 30)
    }
}

/// Which error a body throws.
func failure(_ body: () throws(TransferError) -> Void) -> TransferError? {
    do throws(TransferError) {
        try body()
        return nil
    } catch {
        return error
    }
}

/// A server's answer with a part of a file, as a sound one gives it, cut after so many bytes of its body.
func sound(
    _ request: RawServer.Request,
    _ bytes: [UInt8],
    tag: String = "\"a\"",
    cutAfter: Int = .max
) -> RawServer.Answer {
    let start = min(request.start, bytes.count)
    let end = min(request.end ?? bytes.count, bytes.count)
    let isPart = request.fields["range"] != nil && [nil, tag].contains(request.fields["if-range"])
    let body = isPart ? bytes[start..<end] : bytes[...]
    let range = isPart ? "\nContent-Range: bytes \(start)-\(end - 1)/\(bytes.count)" : ""
    let head =
        "HTTP/1.1 \(isPart ? "206 Partial Content" : "200 OK")\nETag: \(tag)\nContent-Length: \(body.count)\(range)\nConnection: close"
    return RawServer.Answer(head, body.prefix(cutAfter))
}
