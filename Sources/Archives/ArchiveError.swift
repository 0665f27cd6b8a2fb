// SPDX-License-Identifier: MIT

/// Why an archive was not unpacked.
public enum ArchiveError: Error, Equatable, Sendable, CustomStringConvertible {
    /// It is no archive that is read here, or it is damaged.
    case unreadable(reason: String)
    /// An entry is of a kind, or has a name, that could do harm.
    case forbiddenEntry(name: String, reason: String)
    /// There is more in it than may be.
    case tooMuch(reason: String)

    /// What is wrong, by the entry's name where one is concerned.
    public var description: String {
        switch self {
        case .unreadable(let reason): "the archive cannot be read: \(reason)"
        case .forbiddenEntry(let name, let reason): "the archive's entry \"\(name.prefix(200))\" is refused: \(reason)"
        case .tooMuch(let reason): "the archive is refused: \(reason)"
        }
    }
}
