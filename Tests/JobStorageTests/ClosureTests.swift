// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct ClosureTests {
    let files = ClosableFileSystem()
    let directory: JobDirectory
    private let temporary: TemporaryJobDirectory
    private let start = BootClock().now

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = try temporary.through(files)
    }

    private func mayPass(_ closure: inout Closure, _ errno: Errno, after seconds: Int) -> Bool {
        let error = FileError("read", directory.root.appending("file"), errno)
        return closure.mayPass(error, in: directory, now: start.advanced(by: .seconds(seconds)))
    }

    @Test(arguments: [Errno.permissionDenied, .notPermitted])
    func `a directory that is closed as a whole is waited for, for a lease`(errno: Errno) {
        files.close(directory.root)
        var closure = Closure()
        let answers = [0, 60, 119, 120, 121].map { mayPass(&closure, errno, after: $0) }
        #expect(answers == [true, true, true, false, false])
        closure.end()
        #expect(mayPass(&closure, errno, after: 300), "a lease counts from the first refusal")
    }

    @Test func `a place in an open directory is tried once more, since the directory may just have been opened`() {
        files.close(directory.root.appending("pending"))
        var closure = Closure()
        let answers = (0..<3).map { mayPass(&closure, .permissionDenied, after: $0) }
        #expect(answers == [true, false, false])
        closure.end()
        #expect(mayPass(&closure, .permissionDenied, after: 4))
    }

    @Test(arguments: [Errno.noSpace, .diskQuotaExceeded, .readOnlyFileSystem, .ioError])
    func `nothing else is taken for a closed directory`(errno: Errno) {
        files.close(directory.root)
        var closure = Closure()
        #expect(!mayPass(&closure, errno, after: 0))
    }

    @Test func `where only a folder further up is stale, what is below it is asked for`() throws {
        let folder = directory.root.appending("pending")
        let client = RememberingFileSystem(closed: directory.root, errno: .staleNFSFileHandle)
        #expect(try !client.isPresent(folder.appending("f")))
        try LocalFileSystem().create(folder.appending("f"), contents: [], durably: false)
        #expect(try client.isPresent(folder.appending("f")))
    }

    @Test func `where the folder of a name is closed nothing is called absent`() throws {
        let folder = directory.root.appending("pending")
        let client = RememberingFileSystem(closed: folder)
        #expect(throws: FileError("open", folder, .permissionDenied)) { try client.isPresent(folder.appending("f")) }
    }
}
