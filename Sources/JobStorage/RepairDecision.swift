// SPDX-License-Identifier: MIT

/// What follows for a job that came back because it could not read an input.
///
/// The job waits in `returned` under the code `awaitingInput` from the moment damage was found until all jobs that make
/// its inputs are done again, so that a coordinator that knows nothing else can go on from there.
public enum RepairDecision: Equatable, Sendable {
    /// Its inputs are to be inspected, and the decision made again.
    case inspect
    /// Some of its inputs are being made.
    case wait
    /// These jobs' damaged files are to be moved away, and the jobs to be done again.
    case reissue(Set<JobID>)
    /// The job goes on, or failed.
    case settle(SweepDecision)

    /// How often a job is done anew before its losses are taken to have a cause that lasts.
    ///
    /// Generations are also used up by tickets whose makers died, so there are more than a job would ever need.
    public static let generationLimit = 12

    /// A job that makes something that the returned one reads.
    public struct Producer: Equatable, Sendable {
        /// The job.
        public let job: JobID
        /// Where it stands; nil where it was not published.
        public let folder: TokenFolder?
        /// How often it was started anew, from 1.
        public let generation: Int

        /// States where a producer stands.
        public init(job: JobID, folder: TokenFolder?, generation: Int) {
            self.job = job
            self.folder = folder
            self.generation = generation
        }
    }

    /// Decides on a returned job.
    ///
    /// - Parameters:
    ///   - attempt: the job's attempt.
    ///   - code: the code with which it stands in `returned`.
    ///   - producers: the jobs that make its inputs.
    ///   - damaged: those of them of whose files some are damaged or missing; nil before an inspection.
    ///   - settings: how many failures a job may have.
    /// - Returns: what is to be done now.
    public static func afterReturn(
        of attempt: Attempt,
        code: Reason,
        producers: [Producer],
        damaged: Set<JobID>?,
        settings: QueueSettings
    ) -> RepairDecision {
        let undamaged: SweepDecision =
            code == .awaitingInput
            ? .requeue(attempt.next(crashes: 0, failures: 0))
            : .afterReturn(of: attempt, code: code, settings: settings)
        if producers.isEmpty { return .settle(undamaged) }
        if producers.contains(where: { $0.folder == .failed }) { return .settle(.fail(.inputLost)) }
        guard producers.allSatisfy({ $0.folder == .done }) else { return .wait }
        guard let damaged else { return .inspect }
        let lost = producers.filter { damaged.contains($0.job) }
        if lost.isEmpty { return .settle(undamaged) }
        guard lost.allSatisfy({ $0.generation < generationLimit }) else { return .settle(.fail(.inputLost)) }
        return .reissue(Set(lost.map(\.job)))
    }
}
