// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

extension JobDirectory {
    /// Makes a job that failed for good claimable in the next generation; `gone` where somebody else did.
    ///
    /// - Parameters:
    ///   - token: its token in `failed`.
    ///   - priority: the priority of its bucket.
    ///   - scratch: the caller's own folder.
    /// - Throws: `FileError` where nobody can tell what became of it.
    /// - Returns: what became of it.
    public func retry(_ token: Token, priority: Int, scratch: FilePath) throws(FileError) -> Move {
        try moveOn(
            token.name.job,
            from: path(of: token),
            after: token.name.attempt.generation,
            token.bucket,
            of: token.campaign,
            priority: priority,
            scratch: scratch
        )
    }

    /// Ends a claimable or returned job for good, because a user cancelled it; `gone` where it was moved meanwhile.
    public func cancel(_ token: Token) throws(FileError) -> Move {
        try move(token, to: token.name.moved(to: .failed(token.name.worker, .cancelled)), tries: 3)
    }
}
