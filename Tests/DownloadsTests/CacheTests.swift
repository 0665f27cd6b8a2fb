// SPDX-License-Identifier: MIT

import Archives
import Glibc
import HTTPTransfer
import Networks
import SystemPackage
import SystemSupport
import Testing
import WebServers

@testable import Downloads

@Suite("A cache of what was fetched", .timeLimit(.minutes(120)))
struct CacheTests {
    private let place: TemporaryPlace
    private let cache: DownloadCache
    private let weights: [UInt8] = [0x50, 0x4B, 3, 4] + noise(5000, seed: 9)

    init() throws {
        place = try TemporaryPlace()
        cache = try DownloadCache(at: place.path.below("cache"))
    }

    private func fetch(
        _ item: CatalogueItem?,
        from mirror: String,
        to cache: DownloadCache? = nil
    ) throws -> DownloadCache.Copy {
        let cache = cache ?? self.cache
        var policy = TransferPolicy.standard
        policy.firstDelay = .milliseconds(1)
        let options = FetchOptions(mirror: try WebAddress(mirror), byteLimit: 1 << 30, archives: .pictures)
        return try cache.fetch(#require(item), by: WebClient(policy), options: options) { _ in }
    }

    private func serve(_ bytes: [UInt8]) throws -> RawServer {
        try RawServer { _ in
            RawServer.Answer("HTTP/1.1 200 OK\nContent-Length: \(bytes.count)\nConnection: close", bytes)
        }
    }

    @Test("The catalogue has the sixteen networks, each with a variant with batch norm, and two data sets")
    func catalogue() throws {
        let names = NetworkCatalogue.names
        #expect(names.count == 16 && Set(names).count == 16)
        for name in names { #expect(Catalogue.model(name) != nil && Catalogue.model("\(name)-bn") != nil) }
        #expect(names.contains("img-gn1") && names.contains("in3-gn3"))
        #expect(NetworkCatalogue.usesBatchNorm("adam-bn"))
        #expect(!NetworkCatalogue.usesBatchNorm("adam") && !NetworkCatalogue.usesBatchNorm("mine-bn"))
        for name in ["mine", "../adam", ""] { #expect(Catalogue.model(name) == nil) }
        #expect(Catalogue.dataset("mnist") == nil)
        let base = "https://users.renyi.hu/~gergopool/celebalucid"
        #expect("\(try #require(Catalogue.model("sgd")).address(mirror: nil))" == "\(base)/models/sgd.pt")
        let archive = try #require(Catalogue.dataset("celeba")).address(mirror: nil)
        #expect("\(archive)" == "\(base)/data/test_only_celeba.zip")
        let mirror = try WebAddress("http://127.0.0.1:8000/copy")
        let mirrored = try #require(Catalogue.dataset("imagenet")).address(mirror: mirror)
        #expect("\(mirrored)" == "http://127.0.0.1:8000/copy/data/imagenet-256.zip")
    }

    @Test("What is fetched into a shared folder is as open to the group as the folder", arguments: [0o770, 0o700])
    func shared(mode: UInt32) throws {
        let folder = FileAccess(owner: 0, group: getegid(), mode: mode, isDirectory: true)
        let disk = LocalFileSystem(sharing: GroupSharing(asOf: folder))
        let cache = try DownloadCache(at: place.path.below("shared"), on: disk)
        let server = try serve(weights)
        let path = try fetch(Catalogue.model("adam"), from: server.address("/"), to: cache).path
        #expect(try disk.access(to: path).mode == mode & 0o660)
        for folder in [path.parent, cache.root.below("drafts")] { #expect(try disk.access(to: folder).mode == mode) }
        #expect(try disk.access(to: cache.root.below("models", "adam.pt.json")).mode == mode & 0o660)
    }

    @Test("What is there is not fetched again")
    func once() throws {
        let server = try serve(weights)
        let first = try fetch(Catalogue.model("adam"), from: server.address("/"))
        #expect(try fetch(Catalogue.model("adam"), from: server.address("/")) == first)
        #expect(server.requests.map(\.path) == ["/models/adam.pt"])
        #expect(first.record?.sha256 == ContentDigest(of: weights))
        #expect(try LocalFileSystem().contents(of: first.path, limit: 1 << 20) == weights)
        #expect(try LocalFileSystem().names(in: cache.root.below("drafts")).isEmpty)
    }

    @Test("A file that was changed is refused, with the remedy; once removed, it is fetched again")
    func damaged() throws {
        let server = try serve(weights)
        let copy = try fetch(Catalogue.model("adam"), from: server.address("/"))
        try LocalFileSystem().overwrite(copy.path, contents: weights.reversed())
        #expect(throws: CacheError.damaged(copy.path)) { try fetch(Catalogue.model("adam"), from: server.address("/")) }
        try LocalFileSystem().remove(copy.path)
        #expect(try fetch(Catalogue.model("adam"), from: server.address("/")) == copy)
    }

    @Test("Another file under the same name upstream is refused, and said to be another")
    func changedUpstream() throws {
        let original = try serve(weights)
        let copy = try fetch(Catalogue.model("adam"), from: original.address("/"))
        try LocalFileSystem().remove(copy.path)
        let other = weights + [1]
        let server = try serve(other)
        let error = #expect(throws: CacheError.self) {
            _ = try fetch(Catalogue.model("adam"), from: server.address("/"))
        }
        guard case .changedUpstream(_, ContentDigest(of: weights), ContentDigest(of: other), let record) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try !LocalFileSystem().isPresent(copy.path))
        try LocalFileSystem().remove(record)
        let accepted = try fetch(Catalogue.model("adam"), from: server.address("/"))
        #expect(accepted.record?.sha256 == ContentDigest(of: other))
    }

    @Test("A page in place of weights is no network")
    func page() throws {
        let server = try serve(Array("<html>log in</html>".utf8))
        let error = #expect(throws: CacheError.self) {
            _ = try fetch(Catalogue.model("adam"), from: server.address("/"))
        }
        guard case .notWeights = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let sound = try serve(weights)
        #expect(throws: Never.self) { _ = try fetch(Catalogue.model("adam"), from: sound.address("/")) }
    }

    @Test("A file that a user put there is taken, and stays the same from then on")
    func placedByHand() throws {
        let item = try #require(Catalogue.model("sgd"))
        let file = cache.root.below("models", "sgd.pt")
        try LocalFileSystem().makeDirectories(file.parent)
        try LocalFileSystem().overwrite(file, contents: weights)
        #expect(try cache.find(item)?.record?.sha256 == ContentDigest(of: weights))
        try LocalFileSystem().overwrite(file, contents: weights + [0])
        #expect(throws: CacheError.damaged(file)) { try cache.find(item) }
    }

    @Test("A cache of another version is left alone")
    func version() throws {
        let root = place.path.below("other")
        try place.write("other/cache.json", Array("{\"format\":2}".utf8))
        #expect(throws: CacheError.otherVersion(root, found: 2)) { try DownloadCache(at: root) }
    }

    @Test("A draft of a process that is gone is continued")
    func continued() throws {
        let bytes = weights
        let server = try RawServer { request in
            let head = "ETag: \"a\"\nConnection: close\nContent-Length: "
            if request.start == 0 {
                return RawServer.Answer("HTTP/1.1 200 OK\n\(head)\(bytes.count)", bytes.prefix(3000))
            }
            let range = "Content-Range: bytes \(request.start)-\(bytes.count - 1)/\(bytes.count)"
            return RawServer.Answer(
                "HTTP/1.1 206 Part\n\(range)\n\(head)\(bytes.count - request.start)",
                bytes[request.start...]
            )
        }
        let item = try #require(Catalogue.model("adam"))
        var once = TransferPolicy.standard
        once.attempts = 1
        let options = FetchOptions(mirror: try WebAddress(server.address("/")), byteLimit: 1 << 20, archives: .pictures)
        #expect(throws: TransferError.self) {
            _ = try cache.fetch(item, by: WebClient(once), options: options) { _ in }
        }
        let copy = try cache.fetch(item, by: WebClient(once), options: options) { _ in }
        #expect(try LocalFileSystem().contents(of: copy.path, limit: 1 << 20) == weights)
        #expect(server.requests.map(\.start) == [0, 3000])
    }

    @Test("An archive becomes a folder of images, whichever way it holds them", arguments: ["data", "custom", "flat"])
    func archive(kind: String) throws {
        let file = place.path.below("archive.zip")
        let prefix = ["data": "test_only_celeba/", "custom": "mine/"][kind] ?? ""
        let script = """
            import sys, zipfile
            z = zipfile.ZipFile(sys.argv[1], "w")
            for name in ["test.csv", "img/1.jpg"]: z.writestr(sys.argv[2] + name, name)
            """
        try runTool("python3", ["-c", script, file.string, prefix])
        let server = try serve(LocalFileSystem().contents(of: file, limit: 1 << 20))
        let item =
            kind == "data"
            ? Catalogue.dataset("celeba") : Catalogue.archive(at: try WebAddress(server.address("/x.zip")))
        let copy = try fetch(item, from: server.address("/"))
        #expect(try Set(LocalFileSystem().names(in: copy.path)) == ["test.csv", "img"])
        #expect(copy.record?.files == 2)
        #expect(try fetch(item, from: server.address("/")) == copy)
        #expect(server.requests.count == 1)
    }
}
