// SPDX-License-Identifier: MIT

internal import SystemPackage
public import SystemSupport

/// What became of a token that was to be moved.
public enum Move: Equatable, Sendable {
    /// It stands at its destination.
    case moved
    /// It had been moved elsewhere by somebody else.
    case gone
}

extension JobDirectory {
    /// Moves a token to a name that only this step of this attempt can have.
    ///
    /// A rename's error says little on a network, so the destination is opened: what stands there was put there by
    /// this step. An error is thrown only where nothing is there and the token was not seen to be gone.
    public func move(_ token: Token, to name: TokenName, tries: Int) throws(FileError) -> Move {
        try move(path(of: token), to: path(of: token.renamed(name)), tries: tries)
    }

    /// Renames a file to a name that only this step can have given it.
    ///
    /// - Parameters:
    ///   - source: where the file was seen.
    ///   - destination: its new name.
    ///   - tries: how often it is tried.
    ///   - isFirstLook: whether nobody on this machine has ever looked for the new name, so that no cache can say of it
    ///     that it is not there; only before the first try.
    /// - Throws: `FileError` where nothing is there, and the source was not seen to be gone.
    /// - Returns: where the file is.
    func move(
        _ source: FilePath,
        to destination: FilePath,
        tries: Int,
        isFirstLook: Bool = false
    ) throws(FileError) -> Move {
        var refusal: FileError
        var triesLeft = tries
        repeat {
            do throws(FileError) {
                try fileSystem.rename(source, to: destination)
                return .moved
            } catch {
                refusal = error
            }
            let isCertain = !(isFirstLook && triesLeft == tries && refusal.errno == .noSuchFileOrDirectory)
            if try isPresentAfterAll(destination, isCertain) { return .moved }
            if refusal.errno == .noSuchFileOrDirectory {
                // Where the whole job directory is away, as another disk in its place, nothing is known of the token.
                let isAway = tries > 1 && (try? fileSystem.isStillPresent(root)) == false
                if isAway { throw FileError("find", root, .noSuchFileOrDirectory) }
                return .gone
            }
            triesLeft -= 1
        } while triesLeft > 0 && !refusal.isEnvironmental
        throw refusal
    }

    /// Opens a name again where the first open met a passing fault.
    private func isPresentAfterAll(_ path: FilePath, _ isCertain: Bool) throws(FileError) -> Bool {
        func isThere() throws(FileError) -> Bool {
            try isCertain ? fileSystem.isPresent(path) : fileSystem.isSeen(path)
        }
        for _ in 0..<3 {
            do throws(FileError) { return try isThere() } catch  where error.isTransient { continue }
        }
        return try isThere()
    }
}
