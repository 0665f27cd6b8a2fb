// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

extension JobDirectory {
    /// Tries what the protocol rests on: files that are written, synced, renamed, and linked without replacing.
    ///
    /// An error that may pass says nothing; the steps that follow meet it themselves.
    ///
    /// - Parameter scratch: the caller's own folder.
    /// - Throws: `FileError` where the place is full, closed to us, or lacks renames or links.
    public func checkFitness(scratch: FilePath) throws(FileError) {
        let first = scratch.below("fitness-\(platform.randomDigits())")
        let second = scratch.below("fitness-\(platform.randomDigits())")
        defer {
            try? fileSystem.remove(first)
            try? fileSystem.remove(second)
        }
        do throws(FileError) {
            try fileSystem.create(first, contents: Array(settings.run.utf8), durably: true)
            try fileSystem.rename(first, to: second)
            try fileSystem.link(second, to: first)
            try fileSystem.synchronize(directory: scratch)
        } catch  where error.isEnvironmental || error.isUnsupported {
            throw error
        } catch {
            return
        }
        do throws(FileError) {
            try fileSystem.link(second, to: first)
        } catch {
            return
        }
        throw FileError("rely on links, which replace what is there, in", root, .notSupported)
    }
}
