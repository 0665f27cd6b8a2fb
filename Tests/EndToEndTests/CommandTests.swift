// SPDX-License-Identifier: MIT

import JobStorage
import SystemPackage
import SystemSupport
import TensorStorage
import Testing

extension EndToEnd {
    @Suite("What commands say")
    struct CommandTests {
        @Test(
            "Every command's help shows an example",
            arguments: [
                [], ["init"], ["submit"], ["run"], ["status"], ["report"], ["layers"], ["weights"], ["export"],
            ]
        )
        func help(_ command: [String]) async throws {
            let result = try await RunningProgram(Programs.coordinator, command + ["--help"]).result()
            #expect(result.exit == .code(0))
            #expect(result.output.contains("EXAMPLE"))
            #expect(result.output.contains(command.isEmpty ? "SUBCOMMANDS" : "lucid-coordinator \(command[0])"))
        }

        @Test("The worker's help shows an example")
        func workerHelp() async throws {
            #expect(try await succeed(Programs.worker, "--help").output.contains("EXAMPLES"))
        }

        @Test("Both programs tell their versions", arguments: [Programs.coordinator, Programs.worker])
        func version(_ program: FilePath) async throws {
            let result = try await succeed(program, "--version")
            for part in ["oneDNN", "job directory format", "Zarr"] { #expect(result.output.contains(part), "\(part)") }
        }

        @Test(
            "An unknown command is named, with the one that may be meant and all that there are",
            arguments: [
                ("stauts", "did you mean \"status\"?"), ("xyzzy-plugh", "there is no command \"xyzzy-plugh\"\n"),
            ]
        )
        func unknownCommand(_ word: String, _ hint: String) async throws {
            let result = try await run(Programs.coordinator, word, "--queue", "/nowhere")
            #expect(result.exit == .code(64) && result.output.isEmpty, "\(result)")
            for part in ["there is no command \"\(word)\"", hint, "submit, run, status", "lucid-coordinator --help"] {
                #expect(result.complaints.contains(part), "\(result)")
            }
        }

        @Test("Help on an unknown command names the one that may be meant")
        func helpOnUnknownCommand() async throws {
            let result = try await run(Programs.coordinator, "help", "statsu")
            #expect(result.exit == .code(64) && result.output.isEmpty, "\(result)")
            #expect(result.complaints.contains("there is no command \"statsu\"; did you mean \"status\"?"), "\(result)")
            #expect(try await succeed(Programs.coordinator, "help", "status").output.contains("--watch"))
        }

        @Test(
            "Options before the command are said to follow it",
            arguments: [
                (["--queue", "q", "status"], "lucid-coordinator status --queue q\n"),
                (["--queue", "run", "status", "--json"], "lucid-coordinator status --queue run --json\n"),
                (["--json", "status", "--queue", "my queue"], "lucid-coordinator status --json --queue 'my queue'\n"),
                (["--queue", "q"], "lucid-coordinator COMMAND --queue q\n"),
            ]
        )
        func earlyOptions(_ words: [String], _ line: String) async throws {
            let result = try await RunningProgram(Programs.coordinator, words).result()
            #expect(result.exit == .code(64) && result.output.isEmpty, "\(result)")
            #expect(result.complaints.contains("options follow the command: \(line)"), "\(result)")
        }

        @Test(
            "Help says in which forms a time may be written",
            arguments: [
                (Programs.worker, ["--help"], "--idle-timeout"), (Programs.worker, ["--help"], "--time-limit"),
                (Programs.coordinator, ["prune", "--help"], "--older"),
            ]
        )
        func timeForms(_ program: FilePath, _ words: [String], _ option: String) async throws {
            let help = try await RunningProgram(program, words).result().output
            let text = try #require(help.split(separator: option).last).split(whereSeparator: \.isWhitespace)
            let entry = text.prefix(25).joined(separator: " ")
            #expect(entry.contains("3h30m") && entry.contains("00:30:00") && entry.contains("1-00:00:00"), "\(entry)")
        }

        @Test(
            "`prune` takes a time with a unit or as Slurm writes it, and no bare number",
            arguments: [("7d", nil), ("1-00:00:00", nil), ("12:00:00", nil), ("7", "has no unit"), ("x", "1-00:00:00")]
        )
        func ages(_ age: String, _ complaint: String?) async throws {
            let bench = try await Bench()
            let words = ["prune", "--queue", bench.queue.string, "--dry-run", "--older", age]
            let result = try await RunningProgram(Programs.coordinator, words).result()
            #expect(result.exit == .code(complaint == nil ? 0 : 64), "\(result)")
            if let complaint { #expect(result.complaints.contains(complaint), "\(result)") }
        }

        @Test("Without arguments the commands are shown")
        func noArguments() async throws {
            let result = try await succeed(Programs.coordinator)
            #expect(result.output.contains("SUBCOMMANDS") && result.output.contains("EXAMPLES"))
        }

        @Test("The layers are listed with their numbers of neurons")
        func layers() async throws {
            let result = try await succeed(Programs.coordinator, "layers", "--json")
            #expect(result.output.hasPrefix("[\n  [\"conv2d0\", 64],\n"))
            #expect(result.output.contains("[\"mixed4a_3x3\", 204]"))
            #expect(try result.json(JSONValue.self).array?.count == 58)
            let lines = try await succeed(Programs.coordinator, "layers").output.split(separator: "\n")
            #expect(lines.count == 58)
        }

        @Test("`submit --json` gives the plan")
        func plan() async throws {
            struct Plan: Decodable {
                let campaign: String
                let jobs: [String: Int]
                let bytes: Int
                let seconds: Double
            }
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            let file = try bench.write("small.yaml", smallCampaign(images: "images"))
            let options = ["submit", file.string, "--queue", bench.queue.string, "--json", "--dry-run"]
            let result = try await RunningProgram(Programs.coordinator, options).result()
            let plan = try result.json(Plan.self)
            #expect(plan.campaign.hasPrefix("small-") && plan.bytes > 0 && plan.seconds > 0)
            #expect(Set(plan.jobs.keys) == ["activations", "gram", "hsic"])
            #expect(try bench.directory().campaigns().isEmpty)
        }

        @Test("`submit --dry-run` writes no list of unreadable images, and says who does")
        func dryRun() async throws {
            let bench = try await Bench()
            try LocalFileSystem().makeDirectory(bench.root.appending("images"))
            for number in 0..<21 { _ = try bench.write("images/\(number).jpg", "no picture") }
            let file = try bench.write("small.yaml", smallCampaign(images: "images"))
            let words = ["submit", file.string, "--queue", bench.queue.string]
            let list = bench.root.appending("small.unreadable.txt")
            let dry = try await RunningProgram(Programs.coordinator, words + ["--dry-run"]).result()
            #expect(dry.exit == .code(65), "\(dry)")
            #expect(dry.complaints.contains("and 1 more; submit without --dry-run writes all to a file"), "\(dry)")
            #expect(try !LocalFileSystem().isPresent(list))
            let wet = try await RunningProgram(Programs.coordinator, words).result()
            #expect(wet.complaints.contains("and 1 more; all stand in \"\(list)\""), "\(wet)")
            #expect(try LocalFileSystem().isPresent(list))
        }

        @Test(
            "`submit` tells how many pictures of how many steps a campaign has, each threshold's for each of k",
            arguments: [
                ("thresholds: [512]", "6 pictures of 512 steps"),
                ("thresholds: [1]", "6 pictures of 1 step"),
                ("thresholds: [16, 2048], diversity: 2", "24 pictures of up to 2048 steps"),
            ]
        )
        func pictures(settings: String, expected: String) async throws {
            let bench = try await Bench()
            let file = try bench.write(
                "atlas.yaml",
                """
                name: atlas
                models: {a: {weights: "seeded:10"}, b: {weights: "seeded:11"}}
                lucid: {neurons: ["mixed4a_3x3:0-2"], \(settings)}
                """
            )
            let queue = bench.queue.string
            let result = try await succeed(Programs.coordinator, "submit", file.string, "--queue", queue, "--dry-run")
            #expect(result.complaints.contains(": 2 networks, \(expected)\n"))
        }
    }
}
