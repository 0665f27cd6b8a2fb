// SPDX-License-Identifier: MIT

private import Campaigns
private import ComputeEngine
internal import JobStorage
private import SystemSupport
internal import WorkerRuntime

/// The instructions that a worker process computes with, which cannot change once a kernel was made.
///
/// A process that was started for pinned jobs says so to itself by an environment variable, since the engine and
/// OpenBLAS take theirs from the environment too.
public enum InstructionMode {
    private static let variable = "LUCID_INSTRUCTIONS"
    /// What the engine and OpenBLAS are told, and where a user's own values are kept meanwhile.
    private static let settings = [
        (name: "ONEDNN_MAX_CPU_ISA", pinned: "AVX2", kept: "LUCID_KEPT_ONEDNN_MAX_CPU_ISA"),
        (name: "OPENBLAS_CORETYPE", pinned: "Haswell", kept: "LUCID_KEPT_OPENBLAS_CORETYPE"),
    ]

    /// The mode of a process that takes the best instructions that there are.
    static let free = "all-instructions"

    /// What this process was started for.
    static var current: String { environmentValue(variable) ?? free }

    /// The changes of the environment that start a process in a mode.
    public static func environment(for mode: String) -> [String: String?] {
        let isPinned = mode == PinnedInstructions.name
        var changes: [String: String?] = [variable: isPinned ? mode : nil]
        for setting in settings {
            if isPinned {
                changes[setting.kept] = environmentValue(setting.name)
                changes[setting.name] = setting.pinned
            } else {
                changes[setting.name] = environmentValue(setting.kept)
                changes[setting.kept] = .some(nil)
            }
        }
        return changes
    }
}

/// Runs jobs only in a process that computes with the instructions that they are pinned to.
struct PinnedRunner: JobRunner {
    let runner: any JobRunner

    func run(_ job: JobSpecification, context: JobContext) throws -> JobResult {
        let wanted = try PinnedPayload(decoding: job.payload).instructions
        if let wanted, wanted != PinnedInstructions.name {
            throw JobFailure.failed(code: "instructions", message: "this version knows no instructions \"\(wanted)\"")
        }
        let mode = wanted ?? InstructionMode.free
        guard InstructionMode.current == mode else { throw NeedsRestart(mode: mode) }
        if let wanted, CPUEngine.instructionSet != wanted {
            throw JobFailure.environment(
                message: "a reproducible campaign needs a processor with \(wanted), but this one has "
                    + CPUEngine.instructionSet
            )
        }
        return try runner.run(job, context: context)
    }
}
