// SPDX-License-Identifier: MIT

import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SystemSupport

@Suite("Texts that people write", .timeLimit(.minutes(120)))
struct TextTests {
    @Test(
        "Numbers of bytes are read with their units",
        arguments: [
            ("4096", 4096), ("1GiB", 1 << 30), ("1.5 MiB", 3 << 19), ("200GB", 200_000_000_000), ("2k", 2048),
            ("0", 0), ("1e3", nil), ("", nil), ("GiB", nil), ("5 parsecs", nil), ("-1", nil), ("99999999TiB", nil),
        ] as [(String, Int?)]
    )
    func byteCounts(text: String, bytes: Int?) {
        #expect(ByteCount(parsing: text)?.bytes == bytes)
    }

    @Test(
        "Numbers of bytes are shown with three digits",
        arguments: [(0, "0 B"), (1023, "1023 B"), (1 << 30, "1.0 GiB"), (123_456_789, "118 MiB")]
    )
    func shownBytes(bytes: Int, text: String) {
        #expect(ByteCount(bytes).description == text)
    }

    @Test(
        "What to write after an option is read as at least as much, and less than a mebibyte more",
        arguments: [0, 1, 1 << 20, 1 << 20 + 1, 1_911_260_447, 1 << 40 - 1, .max >> 1]
    )
    func arguments(bytes: Int) throws {
        let read = try #require(ByteCount(parsing: ByteCount(bytes).argument))
        #expect((0..<1 << 20).contains(read.bytes - bytes))
    }

    @Test(
        "Things are counted in words, with their verb",
        arguments: [(0, "0 batches are"), (1, "1 batch is"), (2, "2 batches are")]
    )
    func counts(count: Int, words: String) {
        #expect(counted(count, "batch", "is", "are") == words)
        #expect(counted(count, "batch") == words.split(separator: " ").prefix(2).joined(separator: " "))
        #expect(counted(count, "step").hasSuffix(count == 1 ? " step" : " steps"))
    }

    @Test(
        "Lengths of time are read with their units",
        arguments: [
            ("90", 90), ("90s", 90), ("10m", 600), ("3h30m", 12_600), ("2d", 172_800), ("", nil), ("m", nil),
            ("5m3", nil), ("1.5h", nil), ("-5s", nil), ("00:00:05", 5), ("00:30:00", 1800), ("10:30", 630),
            ("1-02", 93_600), ("1-02:03", 93_780), ("1-02:03:04", 93_784), ("1:2:3:4", nil), ("-1:00", nil),
            ("1-", nil),
            ("1:", nil), ("+1-02", nil), ("1-2-3", nil), ("1:+2", nil), ("9999999:00", nil),
        ] as [(String, Int?)]
    )
    func timeSpans(text: String, seconds: Int?) {
        #expect(TimeSpan(parsing: text)?.duration == seconds.map { .seconds($0) })
    }

    @Test("Digests are SHA-256, whole or in pieces, and read back from their digits only")
    func digests() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(ContentDigest(of: "abc").hexadecimal == abc)
        var hasher = ContentDigest.Hasher()
        hasher.update([0x61])
        hasher.update([0x62, 0x63])
        #expect(hasher.finalize().hexadecimal == abc)
        #expect(ContentDigest(hexadecimal: abc) == ContentDigest(of: "abc"))
        #expect(ContentDigest(hexadecimal: abc.uppercased()) == nil)
        #expect(ContentDigest(hexadecimal: String(abc.dropLast())) == nil)
    }

    @Test(
        "A mistyped word is known by what it differs from least, where one is close",
        arguments: [("stauts", "status"), ("STATUS", "status"), ("rnu", "run"), ("elephant", nil), ("x", nil)]
    )
    func closestWord(typed: String, meant: String?) {
        #expect(closest(to: typed, among: ["init", "run", "status", "submit"]) == meant)
    }
}

@Suite("Files", .timeLimit(.minutes(120)))
struct FileTests {
    private let files = LocalFileSystem()

    @Test("A file is created once, read back whole, and refused beyond a limit")
    func createAndRead() async throws {
        try await withTemporaryDirectory { folder in
            let file = folder.appending("a")
            try files.create(file, contents: [1, 2, 3], durably: true)
            #expect(try files.contents(of: file, limit: 3) == [1, 2, 3])
            #expect(throws: FileError("read", file, .fileTooLarge)) { try files.contents(of: file, limit: 2) }
            #expect(throws: FileError("write", file, .fileExists)) {
                try files.create(file, contents: [], durably: false)
            }
            #expect(try files.names(in: folder) == ["a"])
        }
    }

    @Test("Replacing leaves nothing but the new file")
    func replace() async throws {
        try await withTemporaryDirectory { folder in
            let file = folder.appending("a")
            try files.replace(file, contents: [1], by: folder.appending("t"))
            try files.replace(file, contents: [2, 2], by: folder.appending("t"))
            #expect(try files.contents(of: file, limit: 10) == [2, 2])
            #expect(try files.names(in: folder) == ["a"])
        }
    }

    @Test("A link is not followed when a file is read")
    func links() async throws {
        try await withTemporaryDirectory { folder in
            try files.create(folder.appending("a"), contents: [1], durably: false)
            unsafe try #require(symlink(folder.appending("a").string, folder.appending("b").string) == 0)
            #expect(throws: FileError.self) { try files.contents(of: folder.appending("b"), limit: 10) }
        }
    }

    @Test("A link that a user names is followed")
    func userLinks() async throws {
        try await withTemporaryDirectory { folder in
            try files.create(folder.appending("a"), contents: [1], durably: false)
            unsafe try #require(symlink("a", folder.appending("b").string) == 0)
            #expect(try files.contents(ofUserFile: folder.appending("b"), limit: 10) == [1])
        }
    }

    @Test("A directory in a file's place is said to be one")
    func directories() async throws {
        try await withTemporaryDirectory { folder in
            let error = FileError("read", folder, .isDirectory)
            #expect(throws: error) { try files.contents(of: folder, limit: 10) }
            #expect(throws: error) { try files.contents(ofUserFile: folder, limit: 10) }
        }
    }

    @Test(
        "The remedy for a closed door depends on what was attempted",
        arguments: [("read", "read it"), ("list", "read it"), ("write", "write there"), ("rename", "write there")]
    )
    func remedies(operation: String, remedy: String) {
        #expect(FileError(operation, "/x", .permissionDenied).description.hasSuffix("check that you may \(remedy)"))
    }

    @Test("Removing a tree does not follow links out of it")
    func removal() async throws {
        try await withTemporaryDirectory { folder in
            try files.create(folder.appending("kept"), contents: [], durably: false)
            let tree = folder.appending("tree")
            try files.makeDirectories(tree.appending("deep").appending("er"))
            unsafe try #require(symlink(folder.string, tree.appending("out").string) == 0)
            try files.removeTree(tree)
            #expect(try files.names(in: folder) == ["kept"])
            try files.removeTree(tree)
        }
    }
}

@Suite("Threads", .timeLimit(.minutes(120)))
struct ThreadTests {
    @Test("Errors of threads reach who waits for them, the lowest number's first")
    func errors() {
        struct Numbered: Error, Equatable { let number: Int }
        #expect(throws: Numbered(number: 1)) {
            try onThreads(4, named: "test") { number in if number > 0 { throw Numbered(number: number) } }
        }
    }

    @Test("A monitor wakes those who wait, and waits no longer than asked")
    func monitor() throws {
        let value = Monitor(0)
        let thread = DedicatedThread(named: "waiting") {
            value.wait { $0 == 1 ? () : nil }
            value.withLock { $0 = 2 }
        }
        value.withLock { $0 = 1 }
        #expect(value.wait(atMost: .seconds(60)) { $0 == 2 ? $0 : nil } == 2)
        try thread.join()
        #expect(value.wait(atMost: .milliseconds(1)) { $0 == 3 ? $0 : nil } == nil)
    }

    @Test("The boot clock goes on and never back")
    func clock() {
        let (one, two) = (BootClock().now, BootClock().now)
        #expect(one <= two)
        #expect(one.advanced(by: .seconds(2)).duration(to: one) == .seconds(-2))
    }

    @Test("A child process is seen to end with its code or signal")
    func children() throws {
        func end(_ arguments: [String]) throws -> ChildProcess.Exit {
            let child = try ChildProcess(FilePath("/bin/sh"), arguments)
            return try #require(child.exit(within: .seconds(60)))
        }
        #expect(try end(["-c", "exit 3"]) == .code(3))
        #expect(try end(["-c", "kill -9 $$"]) == .signal(9))
        #expect(throws: FileError.self) { try ChildProcess(FilePath("/nonexistent/program"), []) }
    }

    @Test("A process knows itself alive")
    func identity() throws {
        let own = try HostIdentity.current()
        #expect(own.pid > 0 && own.startTicks > 0 && own.bootIdentifier.count == 32)
        #expect(!own.isProvablyDead(seenFrom: own))
    }
}
