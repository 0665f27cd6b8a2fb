// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage
import SystemPackage
import SystemSupport

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Examine whether a directory's place can be relied on.",
        discussion: """
            Tries what the job directory rests on: renames and links between processes, syncs, listings, room, the \
            options of the mount, and whether everybody of its group can work in it.

            What one machine remembers of another's files shows only on two of them: with --with, a second doctor on \
            that machine and this one measure together how soon one sees what the other did. It is started by ssh \
            where that works; else by hand, by the command that is shown. With --other-mount, the same directory \
            through another mount of this machine, one mount is measured beside the other.

            EXAMPLES
              lucid-coordinator doctor /shared/queue
              lucid-coordinator doctor --queue /shared/queue --with node17
              lucid-coordinator doctor --queue /shared/queue --other-mount /mnt/second/queue --json

            Exit codes: 0 nothing that endangers work; 2 something that does.
            """
    )

    @Argument(help: "The job directory.")
    var directory: String?

    @Option(help: ArgumentHelp("The job directory.", valueName: "dir"))
    var queue: String?

    @Option(help: ArgumentHelp("Accept a job directory that belongs to this user.", valueName: "user"))
    var trustOwner: String?

    @Option(help: ArgumentHelp("The same directory through another mount.", valueName: "dir"))
    var otherMount: String?

    @Option(help: ArgumentHelp("Measure together with a second machine.", valueName: "host"))
    var with: String?

    @Option(help: ArgumentHelp("Measure together with the doctor that shows this code.", valueName: "code"))
    var join: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (directory == nil) != (queue == nil) else { throw ValidationError("name one job directory") }
        if join != nil, with != nil || otherMount != nil || json {
            throw ValidationError(
                "--join excludes --with, --other-mount and --json: what is found, the other doctor tells"
            )
        }
        if let with, with.isEmpty || with.hasPrefix("-") { throw ValidationError("\"\(with)\" is no host") }
    }

    func run() throws {
        try withExitCodes {
            let root = absolutePath(directory ?? queue ?? "")
            let opened = try JobDirectory.open(at: root, trustOwner: trustOwner.flatMap { userIdentifier(of: $0) })
            if let join { return try DoctorPair(opened).join(join) }
            let findings = try opened.withScratch { scratch in
                var findings = DirectoryExamination(opened, scratch: scratch).findings()
                findings.append(try race(in: scratch.appending("race"), of: opened))
                if let otherMount {
                    findings.append(try visibility(in: scratch, of: opened, other: absolutePath(otherMount)))
                }
                if let with { findings += try DoctorPair(opened).examine(with: with, trustOwner, scratch: scratch) }
                return findings
            }
            if json {
                Terminal.print(try jsonText(["checks": findings]))
            } else {
                for finding in findings {
                    Terminal.print("\(finding.state.rawValue)\t\(finding.name): \(finding.message)")
                }
            }
            if findings.contains(where: { $0.state == .failure }) { throw ExitCode(2) }
        }
    }

    private func race(in folder: FilePath, of opened: JobDirectory) throws -> ExaminationFinding {
        let race = RaceExamination(opened.fileSystem, folder: folder)
        try opened.fileSystem.makeDirectory(folder)
        let racers = try (0..<4).map { try ChildProcess(executablePath(), ["racer", folder.string, "\($0)"]) }
        try race.prepare()
        let isWaiting = Monitor(false)
        for racer in racers {
            while racer.exit() == nil { _ = isWaiting.wait(atMost: .milliseconds(20)) { $0 ? true : nil } }
        }
        return try race.finding(racers: racers.count)
    }

    private func visibility(
        in scratch: FilePath,
        of opened: JobDirectory,
        other: FilePath
    ) throws -> ExaminationFinding {
        let name = "visibility"
        var inside = scratch
        guard inside.removePrefix(opened.root) else { throw SubmissionError("\(scratch) is not in \(opened.root)") }
        let there = other.pushing(inside)
        guard try opened.fileSystem.isPresent(there) else {
            return ExaminationFinding(name, .failure, "\"\(other)\" does not show the same directory; check the mounts")
        }
        var worst = 0.0
        let isWaiting = Monitor(false)
        for number in 0..<20 {
            let start = BootClock().now
            try opened.fileSystem.create(scratch.appending("seen-\(number)"), contents: [], durably: true)
            while try !opened.fileSystem.isPresent(there.appending("seen-\(number)")) {
                _ = isWaiting.wait(atMost: .milliseconds(5)) { $0 ? true : nil }
                guard start.duration(to: BootClock().now) < .seconds(60) else {
                    return ExaminationFinding(name, .failure, "after a minute one mount does not see the other's file")
                }
            }
            worst = max(worst, start.duration(to: BootClock().now) / .seconds(1))
        }
        let milliseconds: Double = worst * 1000
        let state: ExaminationFinding.State = worst > 5 ? .warning : .ok
        let text = "one mount sees the other's files after \(Int(milliseconds)) ms at most"
        return ExaminationFinding(name, state, text, value: milliseconds)
    }
}

/// One of the processes that fight for files while `doctor` watches.
struct Racer: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Takes part in a race.", shouldDisplay: false)

    @Argument var folder: String
    @Argument var name: String

    func run() throws {
        try withExitCodes {
            let folder = FilePath(folder)
            let sharing = try GroupSharing(asOf: LocalFileSystem().access(to: folder))
            try RaceExamination(LocalFileSystem(sharing: sharing), folder: folder).race(as: name)
        }
    }
}
