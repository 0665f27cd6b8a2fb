// SPDX-License-Identifier: MIT

import JobStorage
import Logging
import SystemPackage
import SystemSupport

/// Which jobs of a plan make which files of arrays.
struct ArrayMakers {
    /// A job and the bucket that it stands in.
    struct Maker {
        let job: JobSpecification
        let bucket: JobPlan.Bucket
    }

    let campaign: CampaignID
    private(set) var makers: [JobID: Maker] = [:]
    private var filesByArray: [FilePath: [JobID: [FilePath]]] = [:]

    /// Asks of every job what it makes; of a file that several would make, the first job of the plan is the maker.
    init(_ plan: JobPlan, content: any CampaignContent, in directory: JobDirectory) {
        campaign = plan.campaign
        var seen: Set<FilePath> = []
        for bucket in plan.buckets {
            for job in bucket.jobs {
                makers[job.id] = Maker(job: job, bucket: bucket)
                for file in content.outputs(of: job) where seen.insert(file).inserted {
                    guard let array = directory.array(holding: file) else { continue }
                    filesByArray[array, default: [:]][job.id, default: []].append(file)
                }
            }
        }
    }

    /// The files of some arrays, by the job that makes them.
    func files(of arrays: [FilePath]) -> [JobID: [FilePath]] {
        var found: [JobID: [FilePath]] = [:]
        for array in Set(arrays).sorted(by: { $0.string < $1.string }) {
            found.merge(filesByArray[array] ?? [:]) { $0 + $1 }
        }
        return found
    }
}

/// Looks after a job that came back because it could not read an input: has made again what is damaged or missing.
struct InputRepair {
    let directory: JobDirectory
    let content: any CampaignContent
    let makers: ArrayMakers
    /// The coordinator's own folder.
    let scratch: FilePath
    let logger: Logger

    /// Does what can be done now for a returned job, all of which another coordinator may be doing too.
    func attend(to token: Token, code: Reason, _ snapshot: CampaignSnapshot) throws(FileError) {
        guard let consumer = makers.makers[token.name.job] else { return }
        let files = makers.files(of: content.arraysRead(by: consumer.job))
        let producers = files.keys.compactMap { makers.makers[$0] }.map { maker in
            RepairDecision.Producer(
                job: maker.job.id,
                folder: snapshot.state(of: maker.job.id, in: maker.bucket.name),
                generation: snapshot.token(of: maker.job.id, in: maker.bucket.name)?.name.attempt.generation ?? 1
            )
        }
        func decide(_ damaged: Set<JobID>?) -> RepairDecision {
            .afterReturn(
                of: token.name.attempt,
                code: code,
                producers: producers,
                damaged: damaged,
                settings: directory.settings
            )
        }
        var decision = decide(nil)
        if decision == .inspect {
            decision = decide(try jobsWithDamage(files))
        }
        switch decision {
        case .inspect: break
        case .settle(let decision):
            if try directory.settle(token, decision, priority: consumer.bucket.priority) == .moved {
                log("returned job settled", token.name.job, ["decision": "\(decision)"])
            }
        case .wait:
            _ = try mark(token, code)
        case .reissue(let jobs):
            guard try mark(token, code) else { return }
            for job in jobs.sorted() { try reissue(job, snapshot) }
        }
    }

    /// Notes in the token's name that the job waits for an input; false where another coordinator was quicker.
    private func mark(_ token: Token, _ code: Reason) throws(FileError) -> Bool {
        guard code != .awaitingInput, let worker = token.name.worker else { return true }
        return try directory.move(token, to: token.name.moved(to: .returned(worker, .awaitingInput)), tries: 3)
            == .moved
    }

    /// Moves away what is damaged of all that a job made, and starts it anew.
    ///
    /// As long as the job is still done, nobody has made these files again, so they are the ones that were inspected.
    private func reissue(_ job: JobID, _ snapshot: CampaignSnapshot) throws(FileError) {
        guard let maker = makers.makers[job] else { return }
        let (token, bucket, campaign) = (snapshot.token(of: job, in: maker.bucket.name), maker.bucket, makers.campaign)
        for file in content.outputs(of: maker.job) where !content.isReadable(file) {
            guard try directory.fileSystem.isPresent(file) else { continue }
            guard try directory.isStillDone(job, token, in: bucket.name, of: campaign) else { return }
            if try directory.quarantine(file) == .moved {
                logger.warning("damaged file moved away", metadata: ["job": "\(job)", "file": "\(file)"])
            }
        }
        if try directory.reissue(job, token, in: bucket, of: campaign, scratch: scratch) == .moved {
            log("job is done anew", job, ["bucket": "\(bucket.name)"])
        }
    }

    private func jobsWithDamage(_ files: [JobID: [FilePath]]) throws(FileError) -> Set<JobID> {
        var damaged: Set<JobID> = []
        for (job, files) in files.sorted(by: { $0.key < $1.key }) {
            for file in files where try isDamaged(file) {
                damaged.insert(job)
                break
            }
        }
        return damaged
    }

    private func isDamaged(_ file: FilePath) throws(FileError) -> Bool {
        // In this order: reading opens the folders, after which the name leads nowhere but to what has it now.
        guard content.isReadable(file) else { return true }
        return try !directory.fileSystem.isPresent(file)
    }

    private func log(_ message: Logger.Message, _ job: JobID, _ more: Logger.Metadata) {
        logger.notice(message, metadata: more.merging(["job": "\(job)"]) { first, _ in first })
    }
}
