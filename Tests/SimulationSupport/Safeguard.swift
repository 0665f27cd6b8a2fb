// SPDX-License-Identifier: MIT

private import Foundation
internal import SystemPackage
private import SystemSupport

/// Something that the protocol leans on, and that a simulation can do without, to show that it would be missed.
public enum Safeguard: String, CaseIterable, Sendable {
    /// `link` never replaces what has the name.
    case linkKeeps
    /// `rename` never replaces a directory that is not empty.
    case fullDirectoriesStay
    /// A bucket appears whole.
    case bucketsAppearWhole
    /// A token moves in one step.
    case movesAreAtomic
    /// Every requeue is another attempt.
    case attemptsGrow
    /// Results are durable before their tokens move.
    case resultsAreSynced
    /// A result's name says its attempt and its worker.
    case resultsAreOnesOwn
    /// A heartbeat lists what its worker holds.
    case heartbeatsList
    /// A claim whose outcome is unknown is looked for under its own name.
    case claimsAreProbed
    /// What is absent is asked for again with the directories above it opened.
    case absencesAreAskedAgain
    /// A damaged shard is moved away before its job is done anew.
    case damageIsMovedAway

    /// Where a file is, of which the protocol says that it is under a path.
    static func actual(_ path: [String], without safeguard: Safeguard?) -> [String] {
        guard safeguard == .resultsAreOnesOwn, path.first == "results", path.count == 4 else { return path }
        return Array(path.dropLast()) + [String(path[3].prefix(32))]
    }

    /// What an attempt's successor is called where attempts do not grow.
    static func withoutGrowth(_ name: String) -> String {
        var parts = name.split(separator: ".").map(String.init)
        guard parts.count == 5, let number = Int(parts[2].dropFirst()), number > 1 else { return name }
        parts[2] = "a\(number - 1)"
        return parts.joined(separator: ".")
    }

    /// A heartbeat without its list.
    static func withoutList(_ beat: [UInt8]) -> [UInt8] {
        let text = String(decoding: beat, as: UTF8.self)
        guard let start = text.range(of: "\"held\":["), let end = text.range(of: "],\"sequence\"") else { return beat }
        let rest = text[end.lowerBound...].prefix { $0 != "\n" }
        let record = text[..<start.upperBound] + rest + "\n"
        return Array((record + ContentDigest(of: String(record)).hexadecimal).utf8)
    }
}
