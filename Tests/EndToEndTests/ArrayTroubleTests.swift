// SPDX-License-Identifier: MIT

import Glibc
import JobStorage
import SystemPackage
import SystemSupport
import Testing
import WebServers

extension EndToEnd {
    /// Arrays at an address or on disk that are gone, changed, late, or read by workers from elsewhere.
    @Suite("Arrays that are far away or in trouble")
    struct ArrayTroubleTests {
        @Test("A server without parts of files, and a file that is not there, are said so")
        func servers() async throws {
            let (server, bench) = try await ArrayTests.served()
            for (array, exit, word) in [
                ("whole/x.npy", Int32(65), "sends no parts of files"), ("nothing.npy", 65, "missing"),
                ("whole/sharded", 65, "sends no parts of files"),
            ] {
                let file = try bench.write("study.yaml", ArrayTests.campaign("study", array: server.address(array)))
                let result = try await run(Programs.coordinator, "submit", file.string, "--queue", bench.queue.string)
                #expect(result.exit == .code(exit) && result.complaints.contains(word), "\(array): \(result)")
                try LocalFileSystem().remove(file)
            }
            let secret = server.address("nothing.npy").replacing("http://", with: "http://somebody:secret@")
            let file = try bench.write("study.yaml", ArrayTests.campaign("study", array: secret))
            let result = try await run(Programs.coordinator, "submit", file.string, "--queue", bench.queue.string)
            #expect(result.exit == .code(65) && !result.complaints.contains("secret"), "\(result)")
        }

        @Test("A host that nobody knows is named at once, where the campaign names it")
        func mistypedHost() async throws {
            let bench = try await ArrayTests.served().bench
            // No name server needs to be asked: a part of a name has at most 63 bytes.
            let host = String(repeating: "a", count: 64) + ".invalid"
            let file = try bench.write("study.yaml", ArrayTests.campaign("study", array: "http://\(host)/x.npy"))
            let result = try await run(Programs.coordinator, "submit", file.string, "--queue", bench.queue.string)
            #expect(result.exit == .code(65) && !result.complaints.contains("trying again"), "\(result)")
            for words in ["study.yaml:4:", "there is no host \(host)"] { #expect(result.complaints.contains(words)) }
        }

        // MARK: Between submit and run

        /// What happens to an array between submit and run.
        enum Change: CaseIterable {
            case alteredOnDisk, alteredOnServer, truncatedOnServer, goneFromServer

            var words: [String] {
                switch self {
                case .alteredOnDisk, .alteredOnServer: ["was changed since the campaign was submitted", "x.npy"]
                case .truncatedOnServer: ["do not hold an array", "x.npy"]
                case .goneFromServer: ["x.npy", "missing"]
                }
            }
        }

        @Test("An array that is changed or gone after submit fails its job, by name", arguments: Change.allCases)
        func changed(_ change: Change) async throws {
            let (server, bench) = try await ArrayTests.served()
            let array = server.folder.appending("x.npy")
            let place = change == .alteredOnDisk ? array.string : server.address("x.npy")
            let campaign = try await bench.submit(bench.write("study.yaml", ArrayTests.campaign("study", array: place)))
            var bytes = try LocalFileSystem().contents(of: array, limit: 1 << 20)
            switch change {
            case .alteredOnDisk, .alteredOnServer: bytes[bytes.count / 2] ^= 1
            case .truncatedOnServer: bytes.removeLast(1000)
            case .goneFromServer: break
            }
            try LocalFileSystem().remove(array)
            if change != .goneFromServer { try LocalFileSystem().create(array, contents: bytes, durably: false) }
            let end = try await bench.coordinator(localWorkers: 1).result()
            #expect(end.exit == .code(1), "\(end)")
            for word in change.words { #expect(end.complaints.contains(word), "\(word) in \(end)") }
            #expect(try bench.tokens(.failed, of: campaign).count == 1)
        }

        /// A queue whose worker waits for a server that was killed after submit.
        private struct Deserted {
            let server: Nginx
            let bench: Bench
            let campaign: CampaignID
            let coordinator: RunningProgram
            let worker: RunningProgram

            init() async throws {
                (server, bench) = try await ArrayTests.served()
                let text = ArrayTests.campaign("study", array: server.address("sharded"))
                campaign = try await bench.submit(bench.write("study.yaml", text))
                try server.stop()
                coordinator = try bench.coordinator()
                let worker = try bench.worker()
                _ = try await eventually("a worker that tries again") {
                    worker.complaints.contains("could not be fetched") ? true : nil
                }
                self.worker = worker
            }
        }

        @Test("A server that is killed and comes back is waited for")
        func restarted() async throws {
            let deserted = try await Deserted()
            let again = try deserted.server.restarted()
            let end = try await deserted.coordinator.result()
            #expect(end.exit == .code(0), "\(end) \(deserted.worker.complaints)")
            #expect(try deserted.bench.report(deserted.campaign, "SUCCESS.json").count > 100)
            withExtendedLifetime(again) {}
        }

        @Test("A worker that waits for a server hands its job back when it is asked to leave")
        func handedBack() async throws {
            let deserted = try await Deserted()
            deserted.worker.signal(SIGTERM)
            let end = try await deserted.worker.result(within: .seconds(20))
            #expect(end.exit == .code(0) && end.complaints.contains("handed back"), "\(end)")
            deserted.coordinator.signal(SIGTERM)
            _ = try await deserted.coordinator.result()
            let tokens = try TokenFolder.allCases.flatMap { try deserted.bench.tokens($0, of: deserted.campaign) }
            #expect(tokens.allSatisfy { $0.name.attempt.failures == 0 && $0.name.attempt.crashes == 0 }, "\(tokens)")
        }

        @Test("Ctrl-C ends a submit that waits for a server")
        func interrupted() async throws {
            let server = try Nginx(nil)
            try server.stop()
            let bench = try await Bench()
            _ = try await ArrayTests.prepare(bench.root)
            let file = try bench.write("study.yaml", ArrayTests.campaign("study", array: server.address("sharded")))
            let options = ["submit", file.string, "--queue", bench.queue.string]
            let submit = try RunningProgram(Programs.coordinator, options)
            _ = try await eventually("a submit that tries again") {
                submit.complaints.contains("trying again") ? true : nil
            }
            submit.signal(SIGINT)
            let end = try await submit.result(within: .seconds(5))
            #expect(end.exit != .code(0), "\(end)")
        }

        // MARK: The job directory's own arrays

        @Test("A worker with a wrong address of arrays leaves, and its jobs lose nothing")
        func wrongArraysAddress() async throws {
            let server = try Nginx(nil)
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            let campaign = try await bench.submit(
                bench.write("small.yaml", smallCampaign(images: bench.root.appending("images")))
            )
            let coordinator = try bench.coordinator()
            let end = try await bench.worker("--arrays-url", server.address("nothing")).result()
            #expect(end.exit == .code(2), "\(end)")
            #expect(end.complaints.contains(server.address("nothing")) && end.complaints.contains("--arrays-url"))
            let worker = try bench.worker()
            let result = try await coordinator.result()
            #expect(result.exit == .code(0), "\(result) \(worker.complaints)")
            let done = try bench.tokens(.done, of: campaign)
            #expect(!done.isEmpty && done.allSatisfy { $0.name.attempt.failures == 0 && $0.name.attempt.crashes == 0 })
        }

        @Test("A worker that reads arrays from a web server computes the same")
        func arraysAddress() async throws {
            var results: [[UInt8]] = []
            let server = try Nginx(nil)
            for isRemote in [false, true] {
                let bench = try await Bench()
                try Bench.copyImages(smallImages, to: bench.root.appending("images"))
                let text = smallCampaign(images: bench.root.appending("images"))
                let campaign = try await bench.submit(bench.write("small.yaml", text))
                let served = server.folder.appending("arrays").string
                try await succeed("/bin/ln", "-s", bench.queue.appending("arrays").string, "\(served)-\(isRemote)")
                let coordinator = try bench.coordinator()
                let address = server.address("arrays-\(isRemote)")
                let worker = try isRemote ? bench.worker("--arrays-url", address) : bench.worker()
                let end = try await coordinator.result()
                #expect(end.exit == .code(0), "\(end) \(worker.complaints)")
                results.append(try bench.report(campaign, "cka.npy"))
            }
            #expect(results[0] == results[1])
            let requests = try server.requests()
            #expect(!requests.contains { $0.contains("arrays-false") })
            #expect(requests.contains { $0.contains("arrays-true") && $0.contains("bytes=") })
            #expect(requests.contains { $0.contains("means.json") })
        }
    }
}
