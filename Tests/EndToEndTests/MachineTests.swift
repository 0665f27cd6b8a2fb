// SPDX-License-Identifier: MIT

import FoundationEssentials
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

extension EndToEnd {
    /// What depends on the machine and the login shell, and not on the job, must change no byte and break nothing.
    @Suite("The same result on any machine", .serialized, .timeLimit(.minutes(10)))
    struct MachineTests {
        struct Machine: Sendable, CustomTestStringConvertible {
            let testDescription: String
            var environment: [String] = []
            var threads = 2
            /// Commands of a shell that come before the worker.
            var shell = ""
        }

        static let machines = [
            Machine(testDescription: "two processors, two threads", environment: ["OMP_NUM_THREADS=2"]),
            Machine(testDescription: "eight processors, 64 threads", environment: ["OMP_NUM_THREADS=8"], threads: 64),
            Machine(testDescription: "64 processors, one thread", environment: ["OMP_NUM_THREADS=64"], threads: 1),
            Machine(testDescription: "64 processors, 64 threads", environment: ["OMP_NUM_THREADS=64"], threads: 64),
            Machine(
                testDescription: "all that OpenMP can be told",
                environment: [
                    "OMP_NUM_THREADS=4,2", "OMP_DYNAMIC=true", "OMP_NESTED=true", "OMP_THREAD_LIMIT=3",
                    "OMP_MAX_ACTIVE_LEVELS=5", "OMP_PROC_BIND=spread", "OMP_PLACES=cores", "OMP_SCHEDULE=dynamic,1",
                    "OMP_STACKSIZE=64K", "OMP_WAIT_POLICY=active", "OMP_DISPLAY_ENV=true", "GOMP_SPINCOUNT=0",
                    "KMP_AFFINITY=compact", "KMP_NUM_THREADS=8", "MKL_NUM_THREADS=8",
                ]
            ),
            Machine(
                testDescription: "all that the engine and OpenBLAS can be told, but for their instructions",
                environment: [
                    "ONEDNN_VERBOSE=2", "ONEDNN_CPU_ISA_HINTS=PREFER_YMM", "ONEDNN_DEFAULT_FPMATH_MODE=ANY",
                    "ONEDNN_PRIMITIVE_CACHE_CAPACITY=0", "ONEDNN_JIT_PROFILE=0", "DNNL_VERBOSE=2",
                    "DNNL_CPU_ISA_HINTS=PREFER_YMM", "DNNL_DEFAULT_FPMATH_MODE=BF16", "OPENBLAS_NUM_THREADS=64",
                    "OPENBLAS_BLOCK_FACTOR=90", "OPENBLAS_MAIN_FREE=1", "OPENBLAS_L2_SIZE=64", "OPENBLAS_VERBOSE=2",
                    "GOTO_NUM_THREADS=8",
                ]
            ),
            Machine(
                testDescription: "another language, time zone, umask, allocator and one processor",
                environment: [
                    "LC_ALL=de_DE.UTF-8", "LANG=tr_TR.UTF-8", "TZ=Asia/Kathmandu", "MALLOC_ARENA_MAX=1",
                    "MALLOC_PERTURB_=165", "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
                ],
                shell: "umask 077; ulimit -s 1024; taskset -p -c 0 $$ >/dev/null;"
            ),
        ]

        /// The files of the report of one worker with one thread, on a machine with one processor.
        private static let alone = Task {
            try await MachineTests().report(
                Machine(testDescription: "one processor", environment: ["OMP_NUM_THREADS=1"], threads: 1)
            )
        }

        @Test(
            "CKA, pictures and the images that drive neurons have the same bytes, in bounded memory",
            arguments: machines
        )
        func isTheSame(on machine: Machine) async throws {
            let report = try await report(machine)
            let expected = try await Self.alone.value
            #expect(report.keys.sorted() == expected.keys.sorted())
            for (name, digest) in expected { #expect(report[name] == digest, "\(name)") }
        }

        @Test("A picture of 224 pixels of a layer that Winograd's algorithm reaches is the same on 64 processors")
        func largePictureIsTheSame() async throws {
            func picture(_ environment: [String]) async throws -> [String: ContentDigest] {
                let text = """
                    name: large
                    models: {one: {weights: "seeded:10"}}
                    lucid: {neurons: ["conv2d2:5"], size: 224, thresholds: [1]}
                    """
                let machine = Machine(testDescription: "", environment: environment)
                return try await report(machine, of: text)
            }
            let few = try await picture(["OMP_NUM_THREADS=1"])
            #expect(few.keys.contains("atlas/one/conv2d2/0005.png"))
            #expect(try await picture(["OMP_NUM_THREADS=64"]) == few)
        }

        @Test("Where OpenMP binds threads to processors, a worker still has all of them")
        func keepsItsProcessors() async throws {
            let bench = try await Bench()
            func allowed(_ environment: [String]) async throws -> Set<String> {
                let worker = try RunningProgram(
                    "/usr/bin/env",
                    environment + [Programs.worker.string, "--queue", bench.queue.string]
                )
                let lists = try await eventually("the worker's threads") { () -> Set<String>? in
                    guard worker.complaints.contains("worker started") else { return nil }
                    return try Self.processors(of: worker.pid)
                }
                worker.signal(15)
                #expect(try await worker.result().exit == .code(0))
                return lists
            }
            let free = try await allowed(["OMP_PROC_BIND=false"])
            for binding in ["OMP_PROC_BIND=close", "OMP_PROC_BIND=spread", "OMP_PLACES=cores"] {
                #expect(try await allowed([binding]) == free, "\(binding)")
            }
        }

        /// The processors that the threads of a process may run on.
        private static func processors(of pid: Int32) throws -> Set<String> {
            let tasks = FilePath("/proc/\(pid)/task")
            return Set(
                try LocalFileSystem().names(in: tasks).compactMap { task in
                    try status(tasks.appending(task), "Cpus_allowed_list:")
                }
            )
        }

        /// A line of a status file of the system; nil where the process is gone.
        private static func status(_ process: FilePath, _ key: String) throws -> String? {
            guard let bytes = try? Data(contentsOf: URL(filePath: process.appending("status").string)) else {
                return nil
            }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(key) }
                .map { $0.dropFirst(key.count).trimmingPrefix { $0.isWhitespace }.description }
        }

        // MARK: One run

        private static let campaign = """
            name: machine
            models:
              one: {weights: "seeded:10"}
              two: {weights: "seeded:12"}
            dataset: {images: images}
            cka: {layers: [mixed3a_1x1, mixed4a_3x3], epochs: 1, iterations: 2, batch_size: 4}
            lucid: {neurons: ["conv2d2:5", "mixed3a_1x1:7"], size: 40, thresholds: [2]}
            activations: {layers: [mixed3a_1x1]}
            """
        private static let memory = ByteCount(384 << 20)

        /// The digests of a report that programs made on a machine, without what tells versions and times.
        private func report(_ machine: Machine, of text: String = Self.campaign) async throws -> [String: ContentDigest]
        {
            let bench = try await Bench()
            try Bench.copyImages(Array(smallImages.prefix(8)), to: bench.root.appending("images"))
            let file = try bench.write("machine.yaml", text)
            func start(_ program: FilePath, _ arguments: [String]) throws -> RunningProgram {
                let line = "\(machine.shell) cd \(bench.root); exec env \"$@\""
                return try RunningProgram(
                    "/bin/sh",
                    ["-c", line, "sh"] + machine.environment + [program.string] + arguments
                )
            }
            let queue = ["--queue", bench.queue.string]
            let submission = try await start(Programs.coordinator, ["submit", file.string] + queue).result()
            let campaign = try #require(CampaignID(submission.line), "\(submission)")
            let worker = try start(
                Programs.worker,
                queue + ["--until-empty", "--threads", "\(machine.threads)", "--memory", Self.memory.argument]
            )
            let coordinator = try start(Programs.coordinator, ["run"] + queue)
            var peak = 0
            _ = try await eventually("the end of the worker", within: .seconds(120)) {
                peak = max(peak, try Self.peakMemory(of: worker.pid))
                return worker.exitNow()
            }
            for program in [worker, coordinator] {
                let end = try await program.result()
                #expect(end.exit == .code(0), "\(end)")
            }
            #expect(peak > 0 && peak <= Self.memory.bytes, "it took \(ByteCount(peak))")
            #expect(submission.line == "\(campaign)", "nothing but the campaign's id is printed")
            let report = try bench.directory().reports(of: campaign)
            return try digests(of: report, below: "").filter { !Self.variable.contains($0.key) }
        }

        /// Files that tell times and versions.
        private static let variable: Set = ["SUCCESS.json", "index.json", "index.html"]

        private func digests(of folder: FilePath, below prefix: String) throws -> [String: ContentDigest] {
            var found: [String: ContentDigest] = [:]
            for name in try LocalFileSystem().names(in: folder) {
                let path = folder.appending(name)
                if let bytes = try? LocalFileSystem().contents(of: path, limit: 1 << 26) {
                    found[prefix + name] = ContentDigest(of: bytes)
                } else {
                    found.merge(try digests(of: path, below: "\(prefix)\(name)/")) { first, _ in first }
                }
            }
            return found
        }

        private static func peakMemory(of pid: Int32) throws -> Int {
            let text = try status(FilePath("/proc/\(pid)"), "VmHWM:")
            return text?.split(separator: " ").first.flatMap { Int($0) }.map { $0 * 1024 } ?? 0
        }
    }
}
