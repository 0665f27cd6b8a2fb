// SPDX-License-Identifier: MIT

import JobStorage
import Logging
import SystemPackage
import SystemSupport

/// One try at a claimed job: reading it, running it, and saying how it ended.
struct JobAttempt {
    /// How running a job ended.
    enum Outcome {
        case result(JobResult)
        case givenBack(ReturnCode, String)
        /// The file server was in trouble, which is no job's fault.
        case interrupted(FileError)
        /// The worker itself cannot go on.
        case unfit(String)
        /// A place is closed to the worker.
        case shutOut(FileError)
        /// The worker is to start anew in another mode.
        case restart(String)

        /// Decides what an error of a runner means.
        init(_ error: any Error) {
            self =
                switch error {
                case let error as NeedsRestart: .restart(error.mode)
                case is HandedBack: .givenBack(.handedBack, "handed back")
                case JobFailure.failed(let code, let message): .givenBack(.failed(code), message)
                case JobFailure.inputUnreadable(let code, let message): .givenBack(.inputUnreadable(code), message)
                case JobFailure.environment(let message): .unfit(message)
                case let error as FileError where error.isClosure: .shutOut(error)
                case let error as FileError where error.isEnvironmental: .unfit("\(error)")
                case let error as FileError where error.isTransient: .interrupted(error)
                case let error as FileError: .givenBack(.failed("file"), "\(error)")
                default: .givenBack(.failed("error"), "\(error)")
                }
        }
    }

    let directory: JobDirectory
    let worker: WorkerName
    let options: WorkerOptions
    let runners: [String: any JobRunner]
    let logger: Logger
    let onProgress: @Sendable (Progress) -> Void
    let isStopping: @Sendable () -> Bool
    /// Whether the worker is to leave; who waits is woken.
    let isDraining: Monitor<Bool>

    /// Reads and runs the job, and says of what kind it was.
    func outcome(of claim: borrowing Claim) -> (outcome: Outcome, kind: String?) {
        let job: JobSpecification
        do throws(JobRecordError) { job = try directory.specification(of: claim) } catch {
            if case .unreadable(let refusal) = error, refusal.isTransient || refusal.isClosure {
                return (Outcome(refusal), nil)
            }
            return (.givenBack(ReturnCode(.brokenRecord), "\(error)"), nil)
        }
        return (run(job, claim.token), job.kind)
    }

    private func run(_ job: JobSpecification, _ token: Token) -> Outcome {
        let name = token.name
        guard let runner = runners[job.kind] else {
            return .givenBack(.failed("unknown-kind"), "this worker runs no jobs of kind \"\(job.kind)\"")
        }
        let scratch = directory.scratch(of: worker)
            .below("\(name.job).g\(name.attempt.generation).a\(name.attempt.number)")
        logger.info("job started", metadata: ["kind": "\(job.kind)"])
        let context = JobContext(
            directory: directory,
            scratch: scratch,
            threads: options.threads,
            memoryBudget: options.memoryBudget,
            logger: logger,
            onProgress: onProgress,
            onAlarm: { message in
                logger.error("alarm", metadata: ["message": "\(message)"])
                log(token, "alarm", message)
            },
            isStopping: isStopping
        )
        defer { context.removeScratch() }
        do {
            return .result(try runner.run(job, context: context))
        } catch {
            return Outcome(error)
        }
    }

    /// Makes the result durable and ends the claim with it; an error where this machine cannot write it.
    func finish(_ claim: consuming Claim, _ result: JobResult) -> FileError? {
        let token = claim.token
        do throws(FileError) { try directory.store(result, versions: options.versions, of: claim) } catch {
            end(claim, .handedBack, "\(error)")
            return error.isEnvironmental ? error : nil
        }
        var verdict: Result<Verdict, FileError>
        let deadline = CommitDeadline(directory, isDraining: isDraining)
        repeat {
            do throws(FileError) { verdict = .success(try directory.finish(claim)) } catch { verdict = .failure(error) }
        } while deadline.allowsRetry(after: verdict)
        record(token, "done", "", verdict)
        return nil
    }

    /// Ends the claim without a result.
    func end(_ claim: consuming Claim, _ code: ReturnCode, _ message: String) {
        let token = claim.token
        var verdict: Result<Verdict, FileError>
        let deadline = CommitDeadline(directory, isDraining: isDraining)
        repeat {
            do throws(FileError) { verdict = .success(try directory.giveBack(claim, code: code)) } catch {
                verdict = .failure(error)
            }
        } while deadline.allowsRetry(after: verdict)
        record(token, code.reason.description, message, verdict)
    }

    /// Records what came of the last step of an attempt.
    ///
    /// Where the step failed, the sweep finds the attempt in nobody's list, and its result if there is one.
    private func record(
        _ token: Token,
        _ intended: String,
        _ message: String,
        _ verdict: Result<Verdict, FileError>
    ) {
        var outcome = intended
        switch verdict {
        case .success(.accepted): break
        case .success(.fenced): outcome = "fenced"
        case .failure(let error):
            logger.error("last step failed", metadata: ["error": "\(error)"])
            outcome = "unknown"
        }
        logger.info("job ended", metadata: ["outcome": "\(outcome)", "message": "\(message)"])
        log(token, outcome, message)
    }

    private func log(_ token: Token, _ outcome: String, _ message: String) {
        let record = LogRecord(token, time: directory.platform.secondsSince1970, outcome: outcome, message: message)
        do throws(FileError) { try directory.log(record, of: worker) } catch {
            logger.warning("log not written", metadata: ["error": "\(error)"])
        }
    }
}
