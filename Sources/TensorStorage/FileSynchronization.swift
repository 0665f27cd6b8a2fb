// SPDX-License-Identifier: MIT

private import Glibc
internal import SystemPackage
internal import SystemSupport

/// Makes a file's content survive a power cut.
func synchronizeFile(_ descriptor: FileDescriptor, _ path: FilePath) throws(FileError) {
    while fsync(descriptor.rawValue) != 0 {
        let failure = Errno(rawValue: errno)
        guard failure == .interrupted else { throw FileError("sync", path, failure) }
    }
}
