// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing
import WebServers

extension EndToEnd {
    @Suite("What was published is fetched by real processes")
    struct FetchingTests {
        private let place: TemporaryPlace

        init() throws {
            place = try TemporaryPlace()
        }

        private static let models =
            ["imagenet", "sgd", "adam", "adam_overfit"]
            + ["img", "in1", "in2", "in3"].flatMap { start in ["gn1", "gn2", "gn3"].map { "\(start)-\($0)" } }

        private static let folders = ["celeba": "test_only_celeba", "imagenet": "imagenet-256"]

        /// Starts a program whose user's cache is this test's.
        private func start(_ arguments: [String], environment: [String] = []) throws -> RunningProgram {
            let all = ["XDG_CACHE_HOME=\(place.path)/cache"] + environment + [Programs.coordinator.string]
            return try RunningProgram("/usr/bin/env", all + arguments)
        }

        /// Files as a mirror has them, by path.
        private func mirror() throws -> [String: [UInt8]] {
            var files: [String: [UInt8]] = [:]
            for (number, name) in Self.models.enumerated() {
                files["/models/\(name).pt"] = [0x50, 0x4B, 3, 4] + noise(40_000 + number, seed: UInt64(number + 1))
            }
            let script = """
                import sys, zipfile
                z = zipfile.ZipFile(sys.argv[1], "w")
                z.writestr(sys.argv[2] + "/test.csv", "img\\n" + "".join(f"{n}.jpg\\n" for n in range(50)))
                for n in range(50): z.writestr(f"{sys.argv[2]}/{n}.jpg", bytes(range(256)) * 8)
                """
            for folder in Self.folders.values {
                let file = place.path.appending("\(folder).zip")
                try runTool("python3", ["-c", script, file.string, folder])
                files["/data/\(folder).zip"] = try LocalFileSystem().contents(of: file, limit: 1 << 24)
            }
            return files
        }

        /// Sends what is asked for, cut after so many bytes of the body.
        private static func answer(
            _ request: RawServer.Request,
            _ files: [String: [UInt8]],
            cutAfter cut: Int
        ) -> RawServer.Answer {
            guard let bytes = files[request.path] else {
                return RawServer.Answer("HTTP/1.1 404 Not Found\nContent-Length: 0\nConnection: close")
            }
            let start = request.start
            let range = start > 0 ? "\nContent-Range: bytes \(start)-\(bytes.count - 1)/\(bytes.count)" : ""
            let head = "HTTP/1.1 \(start > 0 ? 206 : 200) OK\(range)\nETag: \"a\"\nConnection: close"
            return RawServer.Answer("\(head)\nContent-Length: \(bytes.count - start)", bytes[start...].prefix(cut))
        }

        private struct Item: Decodable {
            let name: String
            let path: String
            let sha256: String
        }

        /// That a program fetched what the mirror has.
        private func expect(_ program: RunningProgram, areModels: Bool, _ files: [String: [UInt8]]) async throws {
            let result = try await program.result()
            try #require(result.exit == .code(0), "\(result)")
            for item in try result.json([Item].self) {
                let folder = Self.folders[item.name] ?? ""
                let bytes = try #require(files[areModels ? "/models/\(item.name).pt" : "/data/\(folder).zip"])
                #expect(item.sha256 == ContentDigest(of: bytes).hexadecimal)
                if areModels {
                    #expect(try LocalFileSystem().contents(of: FilePath(item.path), limit: 1 << 20) == bytes)
                } else {
                    #expect(try LocalFileSystem().names(in: FilePath(item.path)).count == 51)
                }
            }
        }

        @Test("Every network and archive comes whole and once, for two at the same time, through breaks and a restart")
        func everything() async throws {
            let files = try mirror()
            let authority = try TestAuthority()
            let server = try Nginx(authority)
            for (path, bytes) in files {
                let file = server.folder.pushing(FilePath(String(path.dropFirst())))
                try LocalFileSystem().makeDirectories(file.removingLastComponent())
                try LocalFileSystem().create(file, contents: bytes, durably: false)
            }
            // Past the handshake, somewhere in the files.
            let proxy = try CuttingProxy(to: server.securePort) { $0 < 20 ? .random(in: 6_000...60_000) : nil }
            let source = ["--mirror", "https://127.0.0.1:\(proxy.port)/", "--json"]
            let trust = "LUCID_CA_FILE=\(authority.certificate)"
            let programs = try (0..<2).flatMap { _ in
                [
                    try start(["models", "fetch"] + Self.models + source, environment: [trust]),
                    try start(["datasets", "fetch"] + Self.folders.keys.sorted() + source, environment: [trust]),
                ]
            }
            _ = try await eventually("some files on their way") { try server.requests().count > 8 ? true : nil }
            try server.stop()
            let restarted = try server.restarted()
            for (number, program) in programs.enumerated() {
                try await expect(program, areModels: number.isMultiple(of: 2), files)
            }
            #expect(proxy.cutCount > 5)
            // Nobody begins anew where bytes have arrived: each request starts where the one before did, or behind.
            let requests = try restarted.requests()
            for path in files.keys {
                let starts = requests.filter { $0.contains(" \(path) ") }.map { line in
                    line.split(separator: "=").dropFirst().first.flatMap { Int($0.prefix { $0 != "-" }) } ?? 0
                }
                #expect(!starts.isEmpty && starts == starts.sorted(), "\(path): \(starts)")
            }
            #expect(requests.filter { $0.hasPrefix("206") }.count > 5)
            #expect(try LocalFileSystem().names(in: place.path.appending("cache/lucidgrid/drafts")).isEmpty)
        }

        @Test("Where one is killed, the other goes on with what it has, and nothing is to be unlocked")
        func killed() async throws {
            let bytes: [UInt8] = [0x50, 0x4B, 3, 4] + noise(200_000, seed: 5)
            let server = try RawServer { request in
                let isFirst = request.number == 0
                var answer = Self.answer(request, ["/models/adam.pt": bytes], cutAfter: isFirst ? 50_000 : .max)
                answer.stalls = isFirst
                return answer
            }
            let command = ["models", "fetch", "adam", "--mirror", server.address("/")]
            let first = try start(command)
            let drafts = place.path.pushing("cache/lucidgrid/drafts/models-adam.pt")
            _ = try await eventually("a draft that holds what was sent") {
                let names = (try? LocalFileSystem().names(in: drafts)) ?? []
                return names.first { name in
                    let contents = try? LocalFileSystem().contents(of: drafts.appending(name), limit: 1 << 20)
                    return name.hasSuffix(".part") && contents?.count == 50_000
                }
            }
            let second = try start(command)
            _ = try await eventually("one that waits") { second.complaints.contains("another process") ? true : nil }
            first.signal(SIGKILL)
            let result = try await second.result()
            try #require(result.exit == .code(0), "\(result)")
            #expect(try LocalFileSystem().contents(of: FilePath(result.line), limit: 1 << 20) == bytes)
            #expect(server.requests.map(\.start) == [0, 50_000])
        }

        @Test("A campaign's published networks and data set are fetched at submit, and the run is that of local files")
        func campaign() async throws {
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            let local = try bench.write("local.yaml", smallCampaign(name: "same", images: "images"))
            for (model, name) in [("one", "adam"), ("two", "sgd-bn")] {
                let output = place.path.pushing(FilePath("www/models/\(name).pt"))
                try LocalFileSystem().makeDirectories(output.removingLastComponent())
                try await succeed(Programs.coordinator, "export", local.string, model, "--output", output.string)
            }
            let nginx = try Nginx(nil)
            try LocalFileSystem().makeDirectory(nginx.folder.appending("data"))
            let script = """
                import os, sys, zipfile
                z = zipfile.ZipFile(sys.argv[1], "w")
                for name in sorted(os.listdir(sys.argv[2])): z.write(f"{sys.argv[2]}/{name}", sys.argv[3] + "/" + name)
                """
            let images = bench.root.appending("images").string
            let archive = nginx.folder.pushing("data/test_only_celeba.zip")
            try runTool("python3", ["-c", script, archive.string, images, "test_only_celeba"])
            try LocalFileSystem().rename(place.path.pushing("www/models"), to: nginx.folder.appending("models"))
            let text = smallCampaign(name: "same", images: "images")
                .replacing("\"seeded:10\"", with: "adam").replacing("\"seeded:12\"", with: "sgd-bn, batch_norm: false")
            let published = text.replacing("{images: \"images\"}", with: "celeba")
            let archived = text.replacing("\"images\"", with: "\"\(nginx.address("data/test_only_celeba.zip"))\"")
            var reports: [[UInt8]] = []
            for (name, text) in [("published", published), ("archived", archived)] {
                let file = try bench.write("\(name).yaml", text)
                let options = ["submit", file.string, "--queue", bench.queue.string, "--mirror", nginx.address("")]
                let result = try await start(options).result()
                try #require(result.exit == .code(0), "\(result)")
                let run = try await start(["run", "--queue", bench.queue.string, "--local-workers", "1"]).result()
                try #require(run.exit == .code(0), "\(run)")
                let table = bench.queue.pushing(FilePath("reports/\(result.line)/cka.npy"))
                reports.append(try LocalFileSystem().contents(of: table, limit: 1 << 20))
            }
            let id = try await bench.submit(local)
            let run = try await start(["run", "--queue", bench.queue.string, "--local-workers", "1"]).result()
            try #require(run.exit == .code(0), "\(run)")
            let table = bench.queue.pushing(FilePath("reports/\(id)/cka.npy"))
            let expected = try LocalFileSystem().contents(of: table, limit: 1 << 20)
            #expect(reports == [expected, expected])
            // The networks were fetched for the first campaign alone.
            #expect(try nginx.requests().filter { $0.contains("/models/") }.count == 2)
        }

        @Test("Of an archive's images a list chooses, broken ones are left out, and its entries have a limit")
        func listedArchive() async throws {
            let bench = try await Bench()
            let nginx = try Nginx(nil)
            let script = """
                import sys, zipfile
                z = zipfile.ZipFile(sys.argv[1], "w")
                for name in sys.argv[3:]: z.write(f"{sys.argv[2]}/{name}", "faces/deep/" + name)
                z.writestr("faces/deep/broken.png", "no picture")
                z.writestr("faces/unlisted.png", "no picture either")
                """
            let archive = nginx.folder.appending("faces.zip").string
            try runTool("python3", ["-c", script, archive, Package.images.string] + smallImages)
            let listed = ["broken.png"] + smallImages.reversed()
            try bench.write("names.txt", listed.map { "deep/\($0)\r\n" }.joined())
            let text = smallCampaign(images: "").replacing(
                "\"\"",
                with: "\"\(nginx.address("faces.zip"))\", list: names.txt"
            )
            func submit(_ text: String) async throws -> ProgramResult {
                let file = try bench.write("\(UInt64.random(in: 0...(.max))).yaml", text)
                return try await start(["submit", file.string, "--queue", bench.queue.string, "--json"]).result()
            }
            let bounded = try await submit(text + "\nlimits: {entries: 10}")
            #expect(bounded.exit == .code(65) && bounded.complaints.contains("more than 10 entries"), "\(bounded)")
            let failed = try await submit(text + "\nlimits: {entries: 30}")
            #expect(failed.exit == .code(65) && failed.complaints.contains("1 image cannot be read"), "\(failed)")
            #expect(failed.complaints.contains("deep/broken.png") && !failed.complaints.contains("unlisted"))

            struct Plan: Decodable {
                let campaign: String
                let images: Int
                let skipped: Int
            }
            let skipping = text.replacing("names.txt", with: "names.txt, on_error: skip") + "\nlimits: {entries: 30}"
            let result = try await submit(skipping)
            try #require(result.exit == .code(0), "\(result)")
            #expect(result.complaints.contains("1 of 17 images cannot be read and are left out"), "\(result)")
            let plan = try result.json(Plan.self)
            #expect(plan.images >= 12 && plan.skipped == 1, "\(result)")
            let run = try await start(["run", "--queue", bench.queue.string, "--local-workers", "1"]).result()
            try #require(run.exit == .code(0), "\(run)")
            let table = bench.queue.pushing(FilePath("reports/\(plan.campaign)/images.csv"))
            let lines = String(decoding: try LocalFileSystem().contents(of: table, limit: 1 << 20), as: UTF8.self)
            #expect(
                lines.split(separator: "\n").dropFirst().first?.hasPrefix("0,deep/055_chelsea.jpg,") == true,
                "\(lines)"
            )
        }

        @Test(
            "A full disk is said to be full, and with some space more the transfer goes on where it was",
            .enabled(if: PrivateMounts.areAllowed, PrivateMounts.absence)
        )
        func fullDisk() async throws {
            let bytes: [UInt8] = [0x50, 0x4B, 3, 4] + noise(600_000, seed: 6)
            let server = try RawServer { Self.answer($0, ["/models/adam.pt": bytes], cutAfter: .max) }
            let cache = place.path.appending("cache")
            try LocalFileSystem().makeDirectory(cache)
            let fetch = "$1 models fetch adam --mirror \(server.address("/"))"
            let script = """
                mount -t tmpfs -o size=256k tmpfs $0 && export XDG_CACHE_HOME=$0
                \(fetch); echo code $?; mount -o remount,size=2m $0; \(fetch); echo code $?
                """
            let arguments = ["/bin/sh", "-c", script, cache.string, Programs.coordinator.string]
            let result = try await RunningProgram("/usr/bin/unshare", PrivateMounts.options + arguments).result()
            #expect(result.output.split(separator: "\n").filter { $0.hasPrefix("code") } == ["code 2", "code 0"])
            #expect(result.complaints.contains("free some space there and try again"), "\(result)")
            let starts = server.requests.map(\.start)
            #expect(starts.count == 2 && starts.first == 0 && starts.last ?? 0 > 100_000, "\(starts)")
        }

        @Test("A proxy that the environment names is asked instead of the server")
        func proxy() async throws {
            let bytes: [UInt8] = [0x50, 0x4B, 3, 4] + noise(1000, seed: 7)
            let url = "http://mirror.invalid/models/adam.pt"
            let server = try RawServer { Self.answer($0, [url: bytes], cutAfter: .max) }
            let environment = ["XDG_CACHE_HOME=\(place.path)/cache", "http_proxy=\(server.address(""))", "no_proxy="]
            let command = ["models", "fetch", "adam", "--mirror", "http://mirror.invalid/"]
            let arguments = environment + [Programs.coordinator.string] + command
            let result = try await RunningProgram("/usr/bin/env", arguments).result()
            #expect(result.exit == .code(0), "\(result)")
            #expect(server.requests.map(\.path) == [url])
        }

        @Test(
            "What cannot be fetched is said in a sentence, with the exit code of wrong input",
            arguments: [
                (["models", "fetch", "nobody"], "no published network \"nobody\""),
                (["datasets", "fetch", "mnist"], "no published data set \"mnist\""),
                (["models", "fetch", "adam"], "status 404"),
                (["models", "fetch", "adam", "--allow-host", "example.org"], "127.0.0.1 is none of the hosts"),
            ]
        )
        func refusals(arguments: [String], words: String) async throws {
            let server = try RawServer { Self.answer($0, [:], cutAfter: 0) }
            let result = try await start(arguments + ["--mirror", server.address("/")]).result()
            #expect(result.exit == .code(65) && result.complaints.contains(words), "\(result)")
        }
    }
}
