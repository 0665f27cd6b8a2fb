// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemSupport

/// Two results of one job that should be equal and are not: one of the machines that made them is wrong.
public struct ResultAlarm: Hashable, Sendable, CustomStringConvertible {
    /// The job.
    public let job: JobID
    /// The workers that made the two results.
    public let workers: [WorkerName]

    /// Which workers to look at.
    public var description: String {
        "two results of job \(job) by the same version on the same kind of processor differ: one by a worker on "
            + "\(workers[0].host), one on \(workers[1].host); one of these machines computes wrongly "
            + "(\(workers.map(\.description).joined(separator: ", ")))"
    }
}

/// Compares the results of jobs that were done more than once.
///
/// A job's payload is a pure function, so what different workers made of it under the same versions must be equal.
public struct ResultAgreement: Sendable {
    private let directory: JobDirectory

    /// Compares results of a job directory.
    public init(_ directory: JobDirectory) {
        self.directory = directory
    }

    /// The jobs of a plan whose results contradict each other.
    ///
    /// - Throws: `FileError` where the results cannot be listed; a result that cannot be read is passed over.
    public func alarms(of plan: JobPlan) throws(FileError) -> [ResultAlarm] {
        var alarms: [ResultAlarm] = []
        for bucket in plan.buckets { alarms += try self.alarms(of: bucket.name, of: plan.campaign) }
        return alarms
    }

    /// The jobs of a bucket whose results contradict each other.
    func alarms(of bucket: BucketName, of campaign: CampaignID) throws(FileError) -> [ResultAlarm] {
        let names = try directory.attemptsWithResult(bucket, of: campaign)
        let repeated = Dictionary(grouping: names, by: \.job).filter { $0.value.count > 1 }
        var alarms: [ResultAlarm] = []
        for (job, names) in repeated.sorted(by: { $0.key < $1.key }) {
            var first: [[String: String]: (digest: ContentDigest, worker: WorkerName)] = [:]
            for name in names.sorted() {
                guard let stored = try? directory.result(named: name, bucket, of: campaign) else { continue }
                guard let other = first[stored.versions] else {
                    first[stored.versions] = (stored.payloadDigest, name.worker)
                    continue
                }
                guard other.digest != stored.payloadDigest else { continue }
                alarms.append(ResultAlarm(job: job, workers: [other.worker, name.worker]))
            }
        }
        return alarms
    }
}
