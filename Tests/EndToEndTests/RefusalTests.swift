// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import Networks
import SystemPackage
import SystemSupport
import TensorStorage
import Testing

extension EndToEnd {
    /// Errors name the thing and the remedy, on the standard error alone, and leave nothing half done.
    @Suite("What is refused")
    struct RefusalTests {
        /// A campaign that cannot be accepted.
        struct Case: CustomTestStringConvertible, Sendable {
            let testDescription: String
            /// What replaces what in a campaign that is right.
            var replacing: (String, with: String)?
            var file: (name: String, contents: @Sendable () throws -> [UInt8])?
            /// What the message must contain.
            let words: [String]
        }

        private static func copy(_ name: String, first part: Int = 1) -> @Sendable () throws -> [UInt8] {
            {
                let bytes = try LocalFileSystem().contents(of: Package.tensors.appending(name), limit: 1 << 20)
                return Array(bytes.prefix(bytes.count / part))
            }
        }

        private static func weights(_ name: String) -> (String, with: String) {
            ("\"seeded:12\"", with: name)
        }

        static let cases = [
            Case(
                testDescription: "an image that cannot be read",
                file: ("images/broken.jpg", { Array("no picture".utf8) }),
                words: ["1 image cannot be read", "images/broken.jpg", "remove or replace", "on_error: skip"]
            ),
            Case(
                testDescription: "a list that names a file that is not there",
                replacing: ("\"images\"}", with: "images, list: names.txt}"),
                file: ("names.txt", { Array("014_tiny.jpg\r\n\r\nabsent.jpg\r\n".utf8) }),
                words: ["names.txt\", line 3", "images/absent.jpg"]
            ),
            Case(
                testDescription: "a word for what to do with bad images that there is not",
                replacing: ("\"images\"}", with: "images, on_error: ignore}"),
                words: ["small.yaml:5:", "\"ignore\" is not one of fail, skip"]
            ),
            Case(
                testDescription: "a missing weight file",
                replacing: weights("nothing.pt"),
                words: ["small.yaml:4:3", "nothing.pt", "seeded:NUMBER"]
            ),
            Case(
                testDescription: "a truncated weight file",
                replacing: weights("half.pt"),
                file: ("half.pt", copy("state.pt", first: 2)),
                words: ["small.yaml:4:3", "half.pt", "damaged"]
            ),
            Case(
                testDescription: "a truncated file of the old format",
                replacing: weights("half.pt"),
                file: ("half.pt", copy("state.legacy.pt", first: 2)),
                words: ["small.yaml:4:3", "half.pt", "damaged"]
            ),
            Case(
                testDescription: "a weight file that lacks keys",
                replacing: weights("other.pt"),
                file: ("other.pt", copy("state.pt")),
                words: ["missing weights", "conv2d0_pre_relu_conv.weight", "strict: false"]
            ),
            Case(
                testDescription: "a weight of another shape",
                replacing: weights("shape.safetensors"),
                file: (
                    "shape.safetensors",
                    { encodeSafetensors([("conv2d0_pre_relu_conv.bias", [2], [0, 0])], metadata: [:]) }
                ),
                words: ["conv2d0_pre_relu_conv.bias", "[2]", "[64]"]
            ),
            Case(
                testDescription: "a pickle that wants to run code",
                replacing: weights("hostile.pt"),
                file: ("hostile.pt", copy("hostile.pt")),
                words: ["hostile.pt", "refused"]
            ),
            Case(
                testDescription: "an old pickle that wants to run code",
                replacing: weights("hostile.pt"),
                file: ("hostile.pt", copy("hostile.legacy.pt")),
                words: ["hostile.pt", "refused"]
            ),
            Case(
                testDescription: "an unknown layer",
                replacing: ("mixed4a_3x3", with: "mixed4a_3x4"),
                words: ["small.yaml:6:", "mixed4a_3x4", "did you mean \"mixed4a_3x3\""]
            ),
            Case(
                testDescription: "a repeated key",
                replacing: ("name: small", with: "name: small\nname: twice"),
                words: ["small.yaml", "name"]
            ),
            Case(
                testDescription: "an unknown key",
                replacing: ("name: small", with: "name: small\npriorty: 5"),
                words: ["small.yaml:2:1", "priorty", "priority"]
            ),
            Case(
                testDescription: "a campaign file of more than a megabyte",
                replacing: ("name: small", with: String(repeating: "#", count: 1_000_000) + "\nname: small"),
                words: ["small.yaml", "1000000"]
            ),
            Case(
                testDescription: "a folder of images that is not there",
                replacing: ("images: \"images\"", with: "images: elsewhere"),
                words: ["elsewhere"]
            ),
        ]

        @Test("A campaign is refused as a whole", arguments: cases)
        func campaign(_ wrong: Case) async throws {
            let bench = try await Bench()
            try Bench.copyImages(Array(smallImages.prefix(4)), to: bench.root.appending("images"))
            var text = smallCampaign(images: "images")
            if let (part, other) = wrong.replacing {
                try #require(text.contains(part))
                text = text.replacing(part, with: other)
            }
            if let file = wrong.file { try bench.write(file.name, file.contents()) }
            let result = try await run(
                Programs.coordinator,
                "submit",
                bench.write("small.yaml", text).string,
                "--queue",
                bench.queue.string
            )
            #expect(result.exit == .code(65) && result.output.isEmpty, "\(result)")
            for word in wrong.words { #expect(result.complaints.contains(word), "\(word) in \(result.complaints)") }
            for folder in ["campaigns", "cache", "pending", "scratch"] {
                let path = bench.queue.appending(folder)
                #expect(try LocalFileSystem().names(in: path).isEmpty, "\(folder) must be empty")
            }
        }

        @Test("Wrong usage is told from wrong input")
        func usage() async throws {
            for arguments in [
                ["submit"], ["run", "--local-workers", "-1"], ["no-such-command"], ["status", "--queu", "x"],
            ] {
                let result = try await RunningProgram(Programs.coordinator, arguments).result()
                #expect(result.exit == .code(64) && result.output.isEmpty, "\(arguments): \(result)")
                #expect(!result.complaints.isEmpty)
            }
            for (option, value, word) in [
                ("--threads", "0", "1 to 1024"), ("--kinds", "", "no kind"), ("--memory", "63MiB", "64MiB"),
            ] {
                let result = try await run(Programs.worker, "--queue", "/", option, value)
                #expect(result.exit == .code(64) && result.output.isEmpty, "\(result)")
                #expect(result.complaints.contains(word), "\(result)")
            }
        }

        @Test("A folder that is no job directory, or that everybody may write, is refused by both programs")
        func directories() async throws {
            let bench = try await Bench()
            let stranger = bench.root.appending("stranger")
            try LocalFileSystem().makeDirectory(stranger)
            try await expectRefusal(stranger, ["is not a job directory", "lucid-coordinator init \(stranger)"])
            try await succeed("/bin/chmod", "o+w", bench.queue.string)
            try await expectRefusal(bench.queue, ["everybody may write", "chmod o-w \(bench.queue)"])
            try bench.write("stranger/file", "")
            let result = try await run(Programs.coordinator, "init", stranger.string)
            #expect(result.exit == .code(65) && result.output.isEmpty, "\(result)")
            #expect(result.complaints.contains("is not empty") && result.complaints.contains("choose"))
            #expect(try LocalFileSystem().names(in: stranger) == ["file"])
        }

        @Test("What the system lacks is told from wrong input")
        func lacking() async throws {
            let bench = try await Bench()
            let file = try bench.write("file", "").string
            let queue = ["--queue", bench.queue.string]
            let cases: [(arguments: [String], exit: Int32, word: String)] = [
                (["init", file], 65, "is a file"),
                (["submit", "\(file)s"] + queue, 65, "\(file)s"),
                (["status", "--trust-owner", "no-such-user"] + queue, 64, "no-such-user"),
                (["status", "--trust-owner", "root"] + queue, 0, ""),
            ]
            for (arguments, exit, word) in cases {
                let result = try await RunningProgram(Programs.coordinator, arguments).result()
                #expect(result.exit == .code(exit), "\(arguments): \(result)")
                #expect(word.isEmpty || result.complaints.contains(word), "\(arguments): \(result)")
            }
        }

        private func expectRefusal(_ queue: FilePath, _ words: [String]) async throws {
            let results = [
                try await run(Programs.coordinator, "status", "--queue", queue.string),
                try await run(Programs.coordinator, "run", "--queue", queue.string),
                try await run(Programs.worker, "--queue", queue.string, "--until-empty"),
            ]
            for result in results {
                #expect(result.exit == .code(65) && result.output.isEmpty, "\(result)")
                for word in words { #expect(result.complaints.contains(word), "\(word) in \(result.complaints)") }
            }
        }

        /// A small file system of its own that ends with the process, first full and then read-only.
        @Test(
            "A full and a read-only disk are told, and leave nothing behind",
            .enabled(if: PrivateMounts.areAllowed, PrivateMounts.absence)
        )
        func fullDisk() async throws {
            let bench = try await Bench()
            try Bench.copyImages(Array(smallImages.prefix(4)), to: bench.root.appending("images"))
            let campaign = try bench.write("small.yaml", smallCampaign(images: "images"))
            let disk = bench.root.appending("disk")
            try LocalFileSystem().makeDirectory(disk)
            let script = """
                set -u
                mount -t tmpfs -o size=8m,mode=700 tmpfs "$1" || exit 99
                "$2" init "$1/queue" || exit 98
                for state in full read-only; do
                    "$2" submit "$3" --queue "$1/queue"
                    echo "$state: $? $(ls "$1/queue/campaigns" "$1/queue/scratch" "$1/queue/pending" | grep -cv -e : -e '^$')"
                    mount -o remount,ro "$1" || exit 97
                done
                "$4" --queue "$1/queue" --until-empty
                echo "worker: $?"
                """
            let programs = [disk.string, Programs.coordinator.string, campaign.string, Programs.worker.string]
            let result = try await RunningProgram(
                "/usr/bin/unshare",
                PrivateMounts.options + ["/bin/sh", "-c", script, "sh"] + programs
            ).result()
            try #require(result.exit == .code(0), "\(result)")
            #expect(result.output == "full: 2 0\nread-only: 2 0\nworker: 2\n", "\(result)")
            #expect(result.complaints.contains("free some space"))
            #expect(result.complaints.contains("check that you may write there"))
        }

        @Test(
            "A disk that fills up stops workers, and costs no job",
            .enabled(if: PrivateMounts.areAllowed, PrivateMounts.absence)
        )
        func fillingDisk() async throws {
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            let campaign = try bench.write("small.yaml", smallCampaign(images: "images"))
            let disk = bench.root.appending("disk")
            try LocalFileSystem().makeDirectory(disk)
            let script = """
                set -u
                mount -t tmpfs -o size=200m,mode=700 tmpfs "$1" || exit 99
                queue=$1/queue
                "$2" init "$queue" || exit 98
                id=$("$2" submit "$3" --queue "$queue") || exit 97
                "$2" run --queue "$queue" & coordinator=$!
                until [ -n "$(find "$queue/pending" -name '*.g1.*')" ]; do sleep 0.02; done
                kill $coordinator; wait $coordinator
                head -c 300000000 /dev/zero >"$1/filling" 2>/dev/null
                "$4" --queue "$queue" --until-empty --threads 1
                echo "worker: $?, running: $(find "$queue/running" "$queue/failed" -name '*.g1.*' | wc -l)"
                rm "$1/filling"
                "$2" run --queue "$queue" --local-workers 1 >/dev/null
                echo "run: $?, crashes or failures: $(find "$queue/done" -name '*.g1.*' | grep -vc '[.]c0[.]f0[.]')"
                ls "$queue/reports/$id" | grep SUCCESS.json
                """
            let programs = [disk.string, Programs.coordinator.string, campaign.string, Programs.worker.string]
            let result = try await RunningProgram(
                "/usr/bin/unshare",
                PrivateMounts.options + ["/bin/sh", "-c", script, "sh"] + programs
            ).result()
            try #require(result.exit == .code(0), "\(result)")
            let expected = "worker: 2, running: 0\nrun: 0, crashes or failures: 0\nSUCCESS.json\n"
            #expect(result.output == expected, "\(result)")
            #expect(result.complaints.contains("free some space"))
        }

        @Test("Jobs whose images are gone fail, and `run` says which and why")
        func failedWork() async throws {
            let bench = try await Bench()
            try Bench.copyImages(Array(smallImages.prefix(4)), to: bench.root.appending("images"))
            let campaign = try await bench.submit(bench.write("small.yaml", smallCampaign(images: "images")))
            try LocalFileSystem().remove(bench.root.pushing("images/014_tiny.jpg"))
            let result = try await bench.coordinator(localWorkers: 1).result()
            #expect(result.exit == .code(1) && result.output.isEmpty, "\(result)")
            #expect(result.complaints.contains("014_tiny.jpg"), "\(result)")
            let report = try await run(
                Programs.coordinator,
                "report",
                campaign.description,
                "--queue",
                bench.queue.string
            )
            #expect(report.exit == .code(1) && report.output.isEmpty, "\(report)")
            try Bench.copyImages(["014_tiny.jpg"], to: bench.root.appending("images"))
            let again = try await run(
                Programs.coordinator,
                "submit",
                bench.root.appending("small.yaml").string,
                "--queue",
                bench.queue.string
            )
            #expect(again.exit == .code(1) && again.output.isEmpty, "\(again)")
            for result in [report, again] {
                for word in ["014_tiny.jpg", "lucid-coordinator retry"] {
                    #expect(result.complaints.contains(word), "\(result)")
                }
            }
            #expect(try LocalFileSystem().names(in: bench.queue.appending("reports")).isEmpty)
        }
    }
}
