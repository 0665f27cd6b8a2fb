// SPDX-License-Identifier: MIT

import Coordination
import JobStorage
import SystemPackage
import SystemSupport

/// Brings a doctor on a second machine together with this one, by a code that names a folder of the job directory.
struct DoctorPair {
    private static let patience = Duration.seconds(600)
    private static let prefix = "pair-"

    private let opened: JobDirectory

    init(_ opened: JobDirectory) {
        self.opened = opened
    }

    // MARK: The one that asks

    /// Waits for the other doctor, and measures with it.
    func examine(with host: String, _ trustedOwner: String?, scratch: FilePath) throws -> [ExaminationFinding] {
        let code = String(opened.platform.randomBits() % 100_000_000)
        let pair = PairExamination(opened.fileSystem, folder: scratch.appending(Self.prefix + code))
        try pair.prepare()
        var command = [executablePath().string, "doctor", "--queue", opened.root.string, "--join", code]
        if let trustedOwner { command += ["--trust-owner", trustedOwner] }
        let words = command.map(Self.quoted)
        Terminal.note("on \(host), unless it starts by itself in a moment: \(words.joined(separator: " "))")
        let caller = try? ChildProcess(
            "/usr/bin/env",
            ["ssh", "-n", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", host] + words
        )
        defer { caller?.terminate() }
        try waitForJoining(pair, caller, host)
        return try pair.act { Terminal.note("measuring with \(host): \($0)") }
    }

    /// A word as a shell takes it for one.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/-_.".contains($0)) }
        return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }

    private func waitForJoining(_ pair: PairExamination, _ caller: ChildProcess?, _ host: String) throws {
        let start = BootClock().now
        let never = Monitor(())
        var caller = caller
        while try !pair.isJoined() {
            if let exit = caller?.exit() {
                caller = nil
                if exit != .code(0) {
                    Terminal.note("\(host) cannot be started from here; waiting for it to be started there")
                }
            }
            guard start.duration(to: BootClock().now) < Self.patience else {
                throw SubmissionError(
                    "nobody on \(host) has joined for \(Self.patience.components.seconds / 60) minutes"
                )
            }
            _ = never.wait(atMost: .milliseconds(50)) { _ in nil as Void? }
        }
    }

    // MARK: The one that is asked

    /// Takes the other part, until the doctor that asked is done.
    func join(_ code: String) throws {
        let drafts = opened.root.appending("scratch")
        // The code is part of a path.
        let isCode = !code.isEmpty && code.allSatisfy { $0.isASCII && $0.isNumber }
        for process in isCode ? try opened.fileSystem.names(in: drafts) : [] {
            let folder = drafts.appending(process).appending(Self.prefix + code)
            guard try opened.fileSystem.isPresent(folder.appending("races")) else { continue }
            Terminal.note("measuring together; what is found, the other doctor tells")
            return try PairExamination(opened.fileSystem, folder: folder).watch { Terminal.note("measuring: \($0)") }
        }
        throw SubmissionError(
            "no doctor waits for \(code) in \(opened.root); is it still running, on the same directory?"
        )
    }
}
