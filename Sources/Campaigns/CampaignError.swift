// SPDX-License-Identifier: MIT

/// What is wrong with a campaign file, where, and what would have been right.
public struct CampaignError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line, from 1; nil where the whole file is meant.
    public let line: Int?
    /// The column, from 1.
    public let column: Int?
    /// What is wrong and what to do.
    public let message: String

    /// States an error.
    public init(line: Int? = nil, column: Int? = nil, _ message: String) {
        self.line = line
        self.column = column
        self.message = message
    }

    /// The message after the place, as compilers write it.
    public var description: String {
        guard let line else { return message }
        return "line \(line), column \(column ?? 1): \(message)"
    }
}
