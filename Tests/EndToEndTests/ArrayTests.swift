// SPDX-License-Identifier: MIT

import FoundationEssentials
import JobStorage
import SystemPackage
import SystemSupport
import TensorStorage
import TestSupport
import Testing
import WebServers

extension EndToEnd {
    /// Activations that zarr-python and NumPy wrote, compared with those of our networks and with one another.
    @Suite("Arrays of other programs")
    struct ArrayTests {
        // MARK: The arrays

        private static let epochs = [
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [15, 3, 9, 1, 0, 12, 7, 5, 4, 11, 2, 13],
        ]

        struct Similarity: Decodable {
            let cka: Double
            let debiased: Double
        }

        /// Images, lists of epochs and arrays in a folder, and what NumPy says of the arrays.
        static func prepare(_ root: FilePath) async throws -> [Similarity] {
            try Bench.copyImages(smallImages, to: root.appending("images"))
            let lines = epochs.map { $0.map(String.init).joined(separator: " ") + "\n" }
            try LocalFileSystem().create(
                root.appending("epochs.txt"),
                contents: Array(lines.joined().utf8),
                durably: false
            )
            let script = Package.resources.appending("arrays.py").string
            let images = smallImages.map { root.appending("images").appending($0).string }
            let result = try await RunningProgram(python(), [script, root.appending("arrays").string] + images).result()
            try #require(result.exit == .code(0), "\(result)")
            return try result.json([Similarity].self)
        }

        /// The same, with a server that has the arrays.
        static func served() async throws -> (server: Nginx, bench: Bench) {
            let (server, bench) = (try Nginx(nil), try await Bench())
            _ = try await prepare(bench.root)
            try await succeed("/bin/cp", "-r", "\(bench.root)/arrays/.", server.folder.string)
            return (server, bench)
        }

        static func campaign(_ name: String, array: String, more: String = "") -> String {
            """
            name: \(name)
            models:
              ours: {weights: "seeded:10"}
              theirs: {arrays: {mixed3a_1x1: "\(array)"}\(more)}
            dataset: {images: images}
            cka: {layers: [mixed3a_1x1], image_lists: epochs.txt}
            """
        }

        /// Runs a campaign that is to succeed, and gives its CKA array.
        static func similarities(_ bench: Bench, _ campaign: CampaignID) async throws -> [UInt8] {
            let end = try await bench.coordinator(localWorkers: 1).result()
            try #require(end.exit == .code(0), "\(end)")
            return try bench.report(campaign, "cka.npy") + bench.report(campaign, "debiased.npy")
        }

        // MARK: Values

        @Test("Of two arrays and no data set, CKA is what NumPy computes in double precision")
        func agreement() async throws {
            let bench = try await Bench()
            let expected = try await Self.prepare(bench.root)
            let file = try bench.write(
                "study.yaml",
                """
                name: study
                models:
                  x: {arrays: {layer-1: arrays/x.npy, other: arrays/y.npy}}
                  y: {arrays: {layer-1: arrays/y.npy}}
                cka: {layers: all, image_lists: epochs.txt}
                """
            )
            let campaign = try await bench.submit(file)
            _ = try await Self.similarities(bench, campaign)
            struct Report: Decodable {
                struct Pair: Decodable {
                    let layer: String
                    let epochs: [Similarity]
                }

                let pairs: [Pair]
            }
            let report = try JSONDecoder().decode(Report.self, from: Data(bench.report(campaign, "cka.json")))
            try #require(report.pairs.map(\.layer) == ["layer-1"], "a pair exists where both have the layer")
            for (mine, numpy) in zip(report.pairs[0].epochs, expected) {
                // Gram matrices are summed in single precision, block by block: 1e-7 is what the project promises.
                #expect(abs(mine.cka - numpy.cka) <= 1e-7 && abs(mine.debiased - numpy.debiased) <= 1e-7)
            }
        }

        @Test("From any format, by names or by number, from disk or by HTTP, to the last bit")
        func formats() async throws {
            let server = try Nginx(nil)
            // The first ones break within the first answer, whatever it is.
            let proxy = try CuttingProxy(to: server.port) {
                $0 < 4 ? .random(in: 100...300) : $0 < 10 ? .random(in: 100...20_000) : nil
            }
            var results: [[UInt8]] = []
            for (array, more) in [
                ("arrays/x.npy", ""), (server.address("sharded"), ""), (server.address("slow/x.npy"), ""),
                ("http://127.0.0.1:\(proxy.port)/sharded", ""),
            ] {
                // Each in a job directory of its own, so that none finds what another made.
                let bench = try await Bench()
                _ = try await Self.prepare(bench.root)
                if results.isEmpty {
                    try await succeed("/bin/cp", "-r", "\(bench.root)/arrays/.", server.folder.string)
                }
                let file = try bench.write("study.yaml", Self.campaign("study", array: array, more: more))
                let campaign = try await bench.submit(file)
                results.append(try await Self.similarities(bench, campaign))
                guard results.count == 1 else { continue }
                // What holds the same numbers is the same array, which is there already.
                for (number, (array, more)) in [("plain", ""), ("x.npy", ", images: arrays/names.txt")].enumerated() {
                    let text = Self.campaign("again-\(number)", array: "arrays/\(array)", more: more)
                    let again = try await bench.submit(bench.write("again-\(number).yaml", text))
                    #expect(try await Self.similarities(bench, again) == results[0])
                    #expect(try bench.tokens(.done, of: again).count == Self.epochs.count, "sums alone are made anew")
                }
            }
            #expect(proxy.cutCount > 3)
            #expect(results.count == 4 && results.allSatisfy { $0 == results[0] })
            let requests = try server.requests().filter { $0.contains("sharded/c/") }
            #expect(!requests.isEmpty && requests.allSatisfy { $0.contains("bytes=") }, "parts alone are asked for")
        }

        @Test("Chunks that a program did not store are its fill value, and the user is told")
        func filled() async throws {
            let bench = try await Bench()
            _ = try await Self.prepare(bench.root)
            let file = try bench.write("study.yaml", Self.campaign("study", array: "arrays/empty"))
            let result = try await succeed(
                Programs.coordinator,
                "submit",
                file.string,
                "--queue",
                bench.queue.string
            )
            #expect(result.complaints.contains("1 chunk of") && result.complaints.contains("not stored"), "\(result)")
            _ = try await Self.similarities(bench, try #require(CampaignID(result.line)))
        }

        @Test(
            "Numbers that single precision does not hold, or not their products, are told",
            arguments: [
                (Float.infinity, "not finite in single precision"), (3e13, "reach 3e+13"), (2e-13, "reach 2e-13"),
            ]
        )
        func remarks(largest: Float, words: String) async throws {
            let bench = try await Bench()
            let values = (0..<16 * 2).map { $0 == 5 ? largest : 0 }
            try bench.write("x.npy", NumPyFile.encode(values.span, shape: [16, 2]))
            let models = "models: {a: {arrays: {l: x.npy}}, b: {arrays: {l: x.npy}}}"
            let file = try bench.write("study.yaml", "name: study\n\(models)\ncka: {layers: [l], batch_size: 4}")
            let result = try await succeed(
                Programs.coordinator,
                "submit",
                file.string,
                "--queue",
                bench.queue.string,
                "--dry-run"
            )
            #expect(result.complaints.split(separator: "\n").count { $0.contains(words) } == 1, "\(result)")
        }

        @Test(
            "A worker that may not read an array's folder, or ask its server, leaves and fails no job",
            arguments: [true, false]
        )
        func forbidden(byHTTP: Bool) async throws {
            let (server, bench) = try await Self.served()
            let place = byHTTP ? server.address("x.npy") : server.folder.appending("x.npy").string
            let text = Self.campaign("study", array: place)
            let campaign = try await bench.submit(bench.write("study.yaml", text))
            let coordinator = try bench.coordinator()
            let options = byHTTP ? ["--allow-host", "example.org"] : ["--data-root", bench.root.string]
            let worker = try bench.worker("--kinds", "import", options[0], options[1])
            let end = try await worker.result()
            #expect(end.exit == .code(2) && end.complaints.contains(options[0]), "\(end)")
            #expect(try bench.tokens(.failed, of: campaign).isEmpty)
            let other = try bench.worker()
            #expect(try await coordinator.result().exit == .code(0))
            #expect(try await other.result().exit == .code(0))
            #expect(try bench.tokens(.done, of: campaign).allSatisfy { $0.name.attempt.failures == 0 })
        }

        // MARK: Refusals

        struct Refusal: CustomTestStringConvertible, Sendable {
            let testDescription: String
            let array: String
            var names: [String]?
            let words: [String]
        }

        static let refusals = [
            Refusal(testDescription: "no file", array: "arrays/z.npy", words: ["study.yaml:4:", "z.npy", "missing"]),
            Refusal(testDescription: "no folder", array: "arrays/z", words: ["arrays/z\" is missing"]),
            Refusal(testDescription: "an array in Fortran order", array: "arrays/fortran.npy", words: ["ascontiguous"]),
            Refusal(testDescription: "version 2 of Zarr", array: "arrays/second-version", words: ["zarr_format=3"]),
            Refusal(
                testDescription: "an image without a row",
                array: "arrays/x.npy",
                names: smallImages.dropLast() + ["another.jpg"],
                words: ["study.yaml:4:", "x.npy", "no row", smallImages[15], "another.jpg"]
            ),
            Refusal(
                testDescription: "two rows of one name",
                array: "arrays/x.npy",
                names: smallImages.dropLast() + [smallImages[0]],
                words: ["rows 0 and 15", smallImages[0]]
            ),
            Refusal(
                testDescription: "too few names",
                array: "arrays/x.npy",
                names: Array(smallImages.dropLast()),
                words: ["has 16 rows, and names of 15"]
            ),
            Refusal(
                testDescription: "too few rows and no names",
                array: "arrays/few.npy",
                words: ["few.npy", "has 3 rows", "16 images", "images: FILE"]
            ),
            Refusal(
                testDescription: "images of other contents",
                array: "arrays/changed",
                words: ["made of other images", smallImages[0]]
            ),
            Refusal(testDescription: "a digest that is none", array: "arrays/short", words: ["sha256 of row 0"]),
            Refusal(testDescription: "a truncated file", array: "arrays/cut.npy", words: ["cut.npy", "do not hold"]),
            Refusal(
                testDescription: "text that is no array",
                array: "arrays/text.npy",
                words: ["it is a text", "neither a .npy file nor a Zarr folder"]
            ),
        ]

        @Test("What does not fit is refused loudly, and nothing is published", arguments: refusals)
        func refused(_ refusal: Refusal) async throws {
            let bench = try await Bench()
            _ = try await Self.prepare(bench.root)
            try bench.write("arrays/few.npy", NumPyFile.encode([Float](repeating: 1, count: 6).span, shape: [3, 2]))
            let whole = try LocalFileSystem().contents(of: bench.root.pushing("arrays/x.npy"), limit: 1 << 20)
            try bench.write("arrays/cut.npy", Array(whole.dropLast(5)))
            try bench.write("arrays/text.npy", "no array at all, but long enough for one")
            try await Self.changeDigests(bench)
            if let names = refusal.names { try bench.write("rows.txt", names.map { "\($0)\n" }.joined()) }
            let more = refusal.names == nil ? "" : ", images: rows.txt"
            let file = try bench.write("study.yaml", Self.campaign("study", array: refusal.array, more: more))
            let result = try await run(Programs.coordinator, "submit", file.string, "--queue", bench.queue.string)
            #expect(result.exit == .code(65) && result.output.isEmpty, "\(result)")
            for word in refusal.words { #expect(result.complaints.contains(word), "\(word) in \(result.complaints)") }
            #expect(try LocalFileSystem().names(in: bench.queue.appending("campaigns")).isEmpty)
        }

        /// Copies of an array whose first image had another content, or a digest that is none.
        private static func changeDigests(_ bench: Bench) async throws {
            let arrays = bench.root.appending("arrays")
            for (copy, other) in [("changed", String(repeating: "0", count: 64)), ("short", "abc")] {
                try await succeed("/bin/cp", "-r", arrays.appending("plain").string, arrays.appending(copy).string)
                let list = arrays.appending(copy).appending("images.json")
                let text = String(decoding: try LocalFileSystem().contents(of: list, limit: 1 << 20), as: UTF8.self)
                let first = try #require(text.firstRange(of: "\"sha256\": \""))
                let digest = text[first.upperBound...].prefix(64)
                try LocalFileSystem().overwrite(list, contents: Array(text.replacing(digest, with: other).utf8))
            }
        }
    }
}
