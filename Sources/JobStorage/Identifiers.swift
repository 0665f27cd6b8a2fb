// SPDX-License-Identifier: MIT

public import SystemSupport

/// Names a job by the first 32 hexadecimal digits of the digest of its kind and payload.
///
/// Kept as a number, since a queue may hold a million.
public struct JobID: CheckedName {
    private let number: UInt128

    /// Checks the 32 lower-case hexadecimal digits.
    public init?(_ description: String) {
        self.init(digits: Array(description.utf8)[...])
    }

    init?(digits: ArraySlice<UInt8>) {
        guard digits.count == 32 else { return nil }
        var number: UInt128 = 0
        for digit in digits {
            guard digit.isLowerHexadecimal else { return nil }
            number = number << 4 | UInt128(digit.isDecimal ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10)
        }
        self.number = number
    }

    /// Takes the first digits of a digest.
    public init(_ digest: ContentDigest) {
        number = digest.firstHalf
    }

    /// The 32 digits.
    public var description: String { hexadecimalDigits(of: number) }

    /// Orders jobs by their digits.
    public static func < (left: JobID, right: JobID) -> Bool { left.number < right.number }
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

    /// Checks `host-boot-pid-start-random`.
    public init?(_ description: String) {
        self.init(bytes: Array(description.utf8)[...])
    }

    init?(bytes: ArraySlice<UInt8>) {
        let dash = UInt8(ascii: "-")
        var host = bytes
        guard let random = host.popLastPart(after: dash), let start = host.popLastPart(after: dash),
            let pid = host.popLastPart(after: dash), let boot = host.popLastPart(after: dash),
            (1...40).contains(host.count), host.allSatisfy(\.isLowerName),
            boot.count == 32, boot.allSatisfy(\.isLowerHexadecimal),
            let _: Int32 = strictNumber(pid, digits: 10), let _: UInt64 = strictNumber(start, digits: 20),
            random.count == 16, random.allSatisfy(\.isLowerHexadecimal)
        else { return nil }
        description = String(decoding: bytes, as: UTF8.self)
    }

    /// The machine, as far as 40 characters of `[a-z0-9-]` can tell it.
    public var host: String {
        var host = Array(description.utf8)[...]
        for _ in 0..<4 { _ = host.popLastPart(after: UInt8(ascii: "-")) }
        return String(decoding: host, as: UTF8.self)
    }

    /// Names a process; the random bits tell two workers of one process apart.
    public init(_ identity: HostIdentity, random: UInt64) {
        let cleaned = cleanedName(identity.host, length: 40)
        let digits = String(random, radix: 16)
        description = [
            cleaned.isEmpty ? "host" : cleaned, identity.bootIdentifier, "\(identity.pid)", "\(identity.startTicks)",
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

    init?(bytes: ArraySlice<UInt8>) {
        guard (1...24).contains(bytes.count), bytes.allSatisfy(\.isLowerName) else { return nil }
        description = String(decoding: bytes, as: UTF8.self)
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
