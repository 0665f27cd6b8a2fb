// SPDX-License-Identifier: MIT

public import SystemSupport

/// Why something could not be fetched.
public indirect enum TransferError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was given is no address that can be fetched.
    case malformedAddress(reason: String)
    /// The host is not among those that may be asked.
    case forbiddenHost(WebAddress)
    /// A server sends to where nobody follows.
    case forbiddenRedirect(from: WebAddress, reason: String)
    /// Servers send to and fro.
    case tooManyRedirects(WebAddress)
    /// The server answered with an error, and perhaps when to come back.
    case refused(WebAddress, status: Int, retryAfter: Duration?)
    /// The host has no address.
    case unknownHost(WebAddress)
    /// The connection could not be made, or broke.
    case interrupted(WebAddress, reason: String)
    /// The server cannot prove that it is the one that was asked for.
    case untrusted(WebAddress, reason: String)
    /// The library refuses, and would again.
    case failed(WebAddress, reason: String)
    /// There is more than may be fetched.
    case tooLarge(WebAddress, limit: Int)
    /// The server does not say how much there is, so nobody can tell whether all arrived.
    case unknownLength(WebAddress)
    /// The file is no longer the one of which a part is here.
    case changed(WebAddress)
    /// The server sends whole files only.
    case ignoresRanges(WebAddress)
    /// What arrived is not what was expected.
    case wrongDigest(WebAddress, expected: ContentDigest, found: ContentDigest)
    /// The disk refuses.
    case file(FileError)
    /// Nobody wants it any more.
    case cancelled
    /// Tried again and again, with the last error.
    case gaveUp(attempts: Int, last: TransferError)

    /// What is wrong, and what to do where that is known.
    public var description: String {
        switch self {
        case .malformedAddress(let reason): "the address cannot be used: \(reason)"
        case .forbiddenHost(let address):
            "\(address) is not fetched: \(address.host) is none of the hosts that are allowed; add --allow-host "
                + "\(address.host) if it should be"
        case .forbiddenRedirect(let address, let reason): "\(address) sends elsewhere: \(reason)"
        case .tooManyRedirects(let address): "\(address) sends on and on; check the address"
        case .refused(let address, let status, let wait): Self.refusal(address, status, wait)
        case .unknownHost(let address):
            "\(address) could not be fetched: there is no host \(address.host), as far as this machine can tell; check the "
                + "name, and the network"
        case .interrupted(let address, let reason): "\(address) could not be fetched: \(reason)"
        case .untrusted(let address, let reason):
            "\(address.host) cannot prove who it is: \(reason); for a private mirror, name its authority's certificate "
                + "in LUCID_CA_FILE"
        case .failed(let address, let reason): "\(address) could not be fetched: \(reason)"
        case .tooLarge(let address, let limit): "\(address) has more than the \(ByteCount(limit)) that are allowed"
        case .unknownLength(let address):
            "\(address): the server does not say how long the file is, so a part could pass for the whole"
        case .changed(let address): "\(address) was changed while it was read; try again"
        case .ignoresRanges(let address):
            "\(address): the server sends no parts of files, but all where a part was asked for; download it, and name the "
                + "copy"
        case .wrongDigest(let address, let expected, let found):
            "\(address) is another file than expected: its SHA-256 is \(found) instead of \(expected)"
        case .file(let error): "\(error)"
        case .cancelled: "the fetch was given up, since it was no longer wanted"
        case .gaveUp(let attempts, let last): "\(last) (after \(counted(attempts, "attempt")))"
        }
    }

    private static func refusal(_ address: WebAddress, _ status: Int, _ wait: Duration?) -> String {
        let remedy =
            switch status {
            case 400: "it does not understand what is asked; check the address"
            case 401: "it wants other credentials"
            case 403: "it does not give this file to everybody; it wants other credentials, or may not read it itself"
            case 404, 410: "there is no such file; check the name and the mirror"
            case 407: "the proxy wants credentials"
            default: wait.map { "it asks to come back in \(TimeSpan($0))" } ?? "try again later"
            }
        return "\(address) answers with status \(status): \(remedy)"
    }

    /// Whether something else should have been asked for, since nothing is wrong with the network.
    public var isBadInput: Bool {
        switch self {
        case .gaveUp(_, let last): last.isBadInput
        case .malformedAddress, .unknownHost, .forbiddenHost, .tooLarge, .wrongDigest, .ignoresRanges: true
        case .refused(_, let status, _): [400, 401, 403, 404, 410].contains(status)
        default: false
        }
    }

    /// Whether the server says that it will not give what was asked for, now or later: perhaps because it is not there.
    public var isRefusal: Bool {
        if case .refused(_, let status, _) = self { (400..<500).contains(status) && !isWorthRetrying } else { false }
    }

    /// Whether the server says that there is no such thing.
    public var isAbsence: Bool {
        if case .refused(_, 404, _) = self { true } else if case .refused(_, 410, _) = self { true } else { false }
    }

    /// Whether the same request may succeed a little later.
    var isWorthRetrying: Bool {
        switch self {
        case .interrupted, .unknownHost, .changed: true
        case .refused(_, let status, _): [408, 425, 429, 500, 502, 503, 504].contains(status)
        default: false
        }
    }
}
