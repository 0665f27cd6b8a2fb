// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// What is done on a machine that remembers of names that they were not there.
@Suite(.timeLimit(.minutes(120)))
struct AbsenceTests {
    private let folder: TemporaryFolder
    private let client = RememberingFileSystem()
    /// Other machines.
    private let others = LocalFileSystem()

    init() throws { folder = try TemporaryFolder() }

    private static let paths = ["f", "a/f", "a/b/f", "a/b/c/d/f"]

    @Test(arguments: paths, [0, 1, 2, 3])
    func `what others made is found, however much of its path was not there before`(path: String, looks: Int) throws {
        let file = folder.path.pushing(FilePath(path))
        for _ in 0..<looks { #expect(try !client.isPresent(file)) }
        try others.makeDirectories(file.removingLastComponent())
        try others.create(file, contents: [1, 2], durably: false)
        #expect(try client.isSeen(file) == (looks == 0), "the client does remember")
        #expect(try client.contents(of: file, limit: 9) == [1, 2])
        #expect(try client.isPresent(file))
        #expect(try !client.access(to: file).isDirectory)
        #expect(try client.names(in: file.removingLastComponent()) == ["f"])
    }

    @Test(arguments: paths)
    func `a folder that others made is listed`(path: String) throws {
        let place = folder.path.pushing(FilePath(path))
        #expect(throws: FileError.self) { try client.names(in: place) }
        try others.makeDirectories(place)
        try others.create(place.appending("x"), contents: [], durably: false)
        #expect(throws: FileError.self) { try client.seenNames(in: place) }
        #expect(try client.names(in: place) == ["x"])
    }

    @Test(arguments: paths)
    func `folders that others made are no obstacle to making more`(path: String) throws {
        let place = folder.path.pushing(FilePath(path))
        #expect(try !client.isPresent(place.appending("more")))
        try others.makeDirectories(place)
        try client.makeDirectories(place.appending("more"))
        try client.create(place.appending("more").appending("x"), contents: [], durably: false)
        #expect(try others.names(in: place) == ["more"])
    }

    @Test func `asking again costs nothing where the name is there, and no more than its folders where it is not`()
        throws
    {
        let file = folder.path.appending("f")
        try others.create(file, contents: [7], durably: false)
        _ = try client.contents(of: file, limit: 9)
        _ = try client.isPresent(file)
        _ = try client.access(to: file)
        _ = try client.names(in: folder.path)
        #expect(client.refreshCount == 0)
        #expect(try !client.isPresent(folder.path.appending("g")))
        #expect(client.refreshCount == folder.path.components.count + 1, "and the root")
    }

    @Test func `a file that others have renamed is under its old name to who does not ask afresh`() throws {
        let (old, new) = (folder.path.appending("old"), folder.path.appending("new"))
        try others.create(old, contents: [1], durably: false)
        #expect(try client.isPresent(old))
        try others.rename(old, to: new)
        #expect(try client.isPresent(old), "the client does remember")
        #expect(try !client.isStillPresent(old))
        #expect(try client.isStillPresent(new))
    }

    @Test func `what was damaged, put away and made anew is read anew, and counts as damaged only if it still is`()
        throws
    {
        let file = folder.path.appending("f")
        let (bad, good) = ([1, 2, 3] as [UInt8], [4, 5, 6] as [UInt8])
        try others.create(file, contents: bad, durably: false)
        #expect(try client.contents(of: file, digest: ContentDigest(of: good), limit: 9) == nil)
        #expect(try client.isPresent(file))
        try others.rename(file, to: folder.path.appending("away"))
        try others.create(file, contents: good, durably: false)
        #expect(try client.contents(of: file, limit: 9) == bad, "the client does remember")
        #expect(try client.contents(of: file, digest: ContentDigest(of: good), limit: 9) == good)
    }

    @Test func `a folder above that may be passed and not read is no obstacle`() throws {
        let home = folder.path.appending("home")
        try others.makeDirectories(home.appending("queue"))
        let file = home.appending("queue").appending("f")
        let client = RememberingFileSystem(closed: home)
        #expect(try !client.isPresent(file))
        try others.create(file, contents: [7], durably: false)
        #expect(try client.contents(of: file, limit: 9) == [7])
    }
}
