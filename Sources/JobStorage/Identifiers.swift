// SPDX-License-Identifier: MIT

public import SystemSupport

/// Names a job by the first 32 hexadecimal digits of the digest of its kind and payload.
public struct JobID: CheckedName {
    /// The 32 digits.
    public let description: String

    /// Checks the 32 lower-case hexadecimal digits.
    public init?(_ description: String) {
        guard description.utf8.count == 32, description.utf8.allSatisfy(\.isLowerHexadecimal) else { return nil }
        self.description = description
    }

    /// Takes the first digits of a digest.
    public init(_ digest: ContentDigest) {
        self.description = digest.prefix(32)
    }
}

/// Names a campaign by its own name, a dash and 8 hexadecimal digits of the digest of what was asked.
public struct CampaignID: CheckedName {
    /// The name, a dash and the digits.
    public let description: String

    /// Checks `[A-Za-z0-9][A-Za-z0-9._-]{0,63}-[0-9a-f]{8}`.
    public init?(_ description: String) {
        guard description.utf8.count <= 73, let dash = description.utf8.lastIndex(of: UInt8(ascii: "-")) else {
            return nil
        }
        let name = description.utf8[..<dash]
        let digits = description.utf8[dash...].dropFirst()
        guard let first = name.first, first.isName, !"._-".utf8.contains(first), name.count <= 64,
            name.allSatisfy(\.isName), digits.count == 8, digits.allSatisfy(\.isLowerHexadecimal)
        else { return nil }
        self.description = description
    }

    /// Joins a campaign's name and a digest; nil where the name breaks the rules.
    public init?(name: String, digest: ContentDigest) {
        self.init("\(name)-\(digest.prefix(8))")
    }
}

/// Names a bucket of a campaign by its number, five digits wide.
public struct BucketName: CheckedName {
    /// The five digits.
    public let description: String

    /// Checks the five digits.
    public init?(_ description: String) {
        guard description.utf8.count == 5, description.utf8.allSatisfy(\.isDecimal) else { return nil }
        self.description = description
    }

    /// Names the bucket of a number below 100,000.
    public init(number: Int) {
        precondition((0..<100_000).contains(number), "a campaign has at most 100,000 buckets")
        let digits = String(number)
        self.description = String(repeating: "0", count: 5 - digits.count) + digits
    }
}

/// Names one run of one process, now and for ever: host, start of the machine, process, and 64 random bits.
public struct WorkerName: CheckedName {
    /// The parts joined by dashes, without dots.
    public let description: String
    /// The machine, as far as 40 characters of `[a-z0-9-]` can tell it.
    public let host: String

    /// Checks `host-boot-pid-start-random`.
    public init?(_ description: String) {
        let parts = description.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 5 else { return nil }
        let host = parts.dropLast(4).map { String(Substring($0)) }.joined(separator: "-")
        let last = Array(parts.suffix(4))
        let (boot, pid, start, random) = (last[0], last[1], last[2], last[3])
        let isHost = (1...40).contains(host.utf8.count) && host.utf8.allSatisfy(\.isLowerName)
        guard isHost, boot.count == 32, boot.allSatisfy(\.isLowerHexadecimal),
            let _: Int32 = strictNumber(pid, digits: 10), let _: UInt64 = strictNumber(start, digits: 20),
            random.count == 16, random.allSatisfy(\.isLowerHexadecimal)
        else { return nil }
        self.description = description
        self.host = host
    }

    /// Names a process; the random bits tell two workers of one process apart.
    public init(_ identity: HostIdentity, random: UInt64) {
        let cleaned = cleanedName(identity.host, length: 40)
        let digits = String(random, radix: 16)
        host = cleaned.isEmpty ? "host" : cleaned
        description = [
            host, identity.bootIdentifier, "\(identity.pid)", "\(identity.startTicks)",
            String(repeating: "0", count: 16 - digits.count) + digits,
        ].joined(separator: "-")
    }
}

/// Says in a word or two why a job came back or failed: `[a-z0-9-]{1,24}`.
public struct Reason: CheckedName {
    /// The word.
    public let description: String

    /// Checks the characters and their number.
    public init?(_ description: String) {
        guard (1...24).contains(description.utf8.count), description.utf8.allSatisfy(\.isLowerName) else { return nil }
        self.description = description
    }

    /// Makes a reason of any text by replacing what may not stand in one.
    public init(cleaning text: String) {
        let cleaned = cleanedName(text, length: 24)
        description = cleaned.isEmpty ? "unknown" : cleaned
    }

    /// The job crashed too many workers.
    public static let poison = Reason(cleaning: "poison")

    /// A token of a higher generation holds the job.
    public static let superseded = Reason(cleaning: "superseded")

    /// An input is lost and could not be made again.
    public static let inputLost = Reason(cleaning: "input-lost")

    /// A user cancelled the job.
    public static let cancelled = Reason(cleaning: "cancelled")

    /// The job's own record could not be worked from.
    public static let brokenRecord = ReturnCode.inputUnreadable("record").reason

    /// An input was found to be lost; the job waits until it is made again.
    public static let awaitingInput = ReturnCode.inputUnreadable("repair").reason
}

/// A text in lower case, with a dash for each byte that may not stand in a name.
private func cleanedName(_ text: String, length: Int) -> String {
    let bytes = text.lowercased().utf8.prefix(length).map { $0.isLowerName ? $0 : UInt8(ascii: "-") }
    return String(decoding: bytes, as: UTF8.self)
}
