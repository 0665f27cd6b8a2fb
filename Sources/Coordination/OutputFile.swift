// SPDX-License-Identifier: MIT

internal import SystemPackage
private import SystemSupport

/// Writes a file that a user asked for, whole or not at all, over one that has its name.
///
/// - Parameters:
///   - bytes: the content.
///   - file: where to.
/// - Throws: `SubmissionError` where there is no such folder; `FileError` where the disk refuses.
func writeOutput(_ bytes: [UInt8], to file: FilePath) throws {
    let file = absolute(file)
    let temporaryName = FilePath("\(file).\(UInt64.random(in: 0...(.max))).part")
    do throws(FileError) {
        try LocalFileSystem().replace(file, contents: bytes, by: temporaryName)
    } catch {
        let isWrongPlace = [Errno.noSuchFileOrDirectory, .notDirectory, .isDirectory].contains(error.errno)
        if isWrongPlace { throw SubmissionError("\(error)") }
        throw error
    }
}
