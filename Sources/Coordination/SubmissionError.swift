// SPDX-License-Identifier: MIT

public import SystemPackage

/// Why a campaign was not accepted; nothing of it was published.
public struct SubmissionError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public let description: String

    /// States what is wrong with a campaign.
    public init(_ description: String) {
        self.description = description
    }

    /// States what is wrong at a place of the campaign file.
    public init(_ file: FilePath, line: Int, column: Int, _ message: String) {
        description = "\(file):\(line):\(column): \(message)"
    }
}
