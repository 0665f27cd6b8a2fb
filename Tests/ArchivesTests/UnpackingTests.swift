// SPDX-License-Identifier: MIT

import Archives
import SystemPackage
import SystemSupport
import Testing
import WebServers

@Suite("An archive that is unpacked", .timeLimit(.minutes(120)))
struct UnpackingTests {
    private let place: TemporaryPlace
    private static let limits = ArchiveLimits(fileBytes: 1 << 20, totalBytes: 4 << 20, entries: 50, ratio: 100)

    init() throws {
        place = try TemporaryPlace()
    }

    /// Lets Python, which writes any entry, make an archive: `z` is a ZIP to be written, `t` a tar.
    private func make(_ script: String, _ name: String = "archive.zip") throws -> FilePath {
        let file = place.path.below(name)
        let preamble = """
            import io, stat, sys, tarfile, zipfile, warnings
            warnings.simplefilter("ignore")
            def link(name, mode):
                entry = zipfile.ZipInfo(name)
                entry.create_system = 3
                entry.external_attr = mode << 16
                return entry
            def add(t, name, kind=tarfile.REGTYPE, data=b"", target=""):
                entry = tarfile.TarInfo(name)
                entry.type, entry.size, entry.linkname = kind, len(data), target
                t.addfile(entry, io.BytesIO(data))
            path = sys.argv[1]
            """
        let opening =
            name.hasSuffix(".zip")
            ? "z = zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED)"
            : "t = tarfile.open(path, 'w:' + path.rpartition('.')[2].replace('tar', ''))"
        let closing = name.hasSuffix(".zip") ? "z.close()" : "t.close()"
        try runTool("python3", ["-c", [preamble, opening, script, closing].joined(separator: "\n"), file.string])
        return file
    }

    private func unpacked(_ archive: FilePath) throws -> UnpackedContent {
        try unpack(archive, into: place.path.below("out"), limits: Self.limits) { _ in }
    }

    private func text(_ name: String) throws -> String {
        let bytes = try LocalFileSystem().contents(of: place.path.below("out", name), limit: 1 << 20)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("A ZIP's files and folders come out, with names in any script")
    func zip() throws {
        let script = "z.writestr('a/b/c.txt', 'one'); z.writestr('grün/猫.jpg', 'two'); z.writestr('empty/', '')"
        let archive = try make(script)
        #expect(try unpacked(archive).fileCount == 2)
        #expect(try text("a/b/c.txt") == "one")
        #expect(try text("grün/猫.jpg") == "two")
        #expect(try LocalFileSystem().names(in: place.path.below("out", "empty")).isEmpty)
    }

    @Test("One that is not there is said not to be there")
    func missing() throws {
        let error = #expect(throws: FileError.self) { try unpacked(place.path.below("none.zip")) }
        #expect(error?.errno == .noSuchFileOrDirectory)
    }

    @Test("So do a tar's, however it is compressed", arguments: ["a.tar", "a.gz", "a.xz", "a.bz2"])
    func tar(name: String) throws {
        let archive = try make("add(t, 'd', tarfile.DIRTYPE); add(t, './d/x', data=b'one')", name)
        #expect(try unpacked(archive).byteCount == 3)
        #expect(try text("d/x") == "one")
    }

    @Test(
        "What leads out of the folder, or is no file, is refused by name",
        arguments: [
            ("z.writestr('../evil', 'x')", "../evil"),
            ("z.writestr('a/../../evil', 'x')", "a/../../evil"),
            ("z.writestr('/evil', 'x')", "/evil"),
            ("z.writestr('a\\\\..\\\\evil', 'x')", "evil"),
            ("z.writestr('new\\nline', 'x')", "new\nline"),
            ("z.writestr(link('evil', stat.S_IFLNK | 0o777), '/etc/passwd')", "evil"),
            ("z.writestr(link('evil', stat.S_IFCHR | 0o666), '')", "evil"),
            ("z.writestr('n' * 256, 'x')", "nnn"),
            ("z.writestr('d/' * 33 + 'x', 'x')", "d/d/d"),
            ("z.writestr('twice', 'x'); z.writestr('twice', 'y')", "twice"),
            ("z.writestr('both', 'x'); z.writestr('both/x', 'y')", "both"),
            ("z.writestr('both/x', 'x'); z.writestr('both', 'y')", "both"),
        ]
    )
    func refused(script: String, name: String) throws {
        let archive = try make(script)
        let error = #expect(throws: ArchiveError.self) { _ = try unpacked(archive) }
        guard case .forbiddenEntry(let refused, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(refused.contains(name))
        #expect(try Set(LocalFileSystem().names(in: place.path)).isSubset(of: ["archive.zip", "out"]))
    }

    @Test(
        "So are a tar's links and devices",
        arguments: [
            "add(t, 'evil', tarfile.SYMTYPE, target='/etc')",
            "add(t, 'a'); add(t, 'evil', tarfile.LNKTYPE, target='a')",
            "add(t, 'evil', tarfile.CHRTYPE)", "add(t, 'evil', tarfile.BLKTYPE)", "add(t, 'evil', tarfile.FIFOTYPE)",
        ]
    )
    func refusedTar(script: String) throws {
        let archive = try make(script, "a.tar")
        let error = #expect(throws: ArchiveError.self) { _ = try unpacked(archive) }
        guard case .forbiddenEntry("evil", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        "What would fill the disk is refused, whatever it says of itself",
        arguments: [
            "z.writestr('large', bytes(2 << 20))",
            "[z.writestr(str(n), bytes(1 << 20)) for n in range(5)]",
            "[z.writestr(str(n), '') for n in range(51)]",
        ]
    )
    func bombs(script: String) throws {
        let archive = try make(script)
        #expect(throws: ArchiveError.self) { _ = try unpacked(archive) }
    }

    @Test("An archive of a hundredfold is refused by its ratio alone")
    func ratio() throws {
        let archive = try make("z.writestr('a', bytes(200 << 20))")
        let limits = ArchiveLimits(fileBytes: 1 << 30, totalBytes: 1 << 40, entries: 10, ratio: 100)
        let error = #expect(throws: ArchiveError.self) {
            _ = try unpack(archive, into: place.path.below("out"), limits: limits) { _ in }
        }
        guard case .tooMuch = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("A ZIP that is cut anywhere, or damaged, is an error and never a part that passes for the whole")
    func damage() throws {
        let script = "z.writestr('a', bytes(range(256)) * 20); z.writestr('b', 'two' * 50)"
        let archive = try make(script)
        let bytes = try LocalFileSystem().contents(of: archive, limit: 1 << 20)
        for count in stride(from: 0, to: bytes.count, by: 7) {
            let cut = try place.write("cut.zip", Array(bytes[..<count]))
            #expect(throws: ArchiveError.self, "\(count) bytes") { _ = try unpacked(cut) }
            try LocalFileSystem().removeTree(place.path.below("out"))
        }
        var damaged = bytes
        damaged[60] ^= 0xFF
        let file = try place.write("damaged.zip", damaged)
        #expect(throws: ArchiveError.self) { _ = try unpacked(file) }
    }

    @Test("What is no archive is an error")
    func noArchive() throws {
        let page = try place.write("page", Array("<html>please log in</html>".utf8))
        #expect(throws: ArchiveError.self) { _ = try unpacked(page) }
    }
}
