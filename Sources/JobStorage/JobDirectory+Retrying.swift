// SPDX-License-Identifier: MIT

public import SystemSupport

extension JobDirectory {
    /// Makes a job that failed for good claimable in the next generation; `gone` where somebody else did.
    ///
    /// - Parameters:
    ///   - token: its token in `failed`.
    ///   - priority: the priority of its bucket.
    /// - Throws: `FileError` where nobody can tell what became of it.
    /// - Returns: what became of it.
    public func retry(_ token: Token, priority: Int) throws(FileError) -> Move {
        let attempt = token.name.attempt.nextGeneration
        let name = TokenName(job: token.name.job, attempt: attempt, standing: .pending(priority: priority))
        return try move(token, to: name, tries: 3)
    }

    /// Ends a claimable or returned job for good, because a user cancelled it; `gone` where it was moved meanwhile.
    public func cancel(_ token: Token) throws(FileError) -> Move {
        try move(token, to: token.name.moved(to: .failed(token.name.worker, .cancelled)), tries: 3)
    }
}
