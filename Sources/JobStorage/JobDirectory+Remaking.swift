// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// What is left of a job's files in its bucket, from which it can be told how often it was started.
extension JobDirectory {
    static let ticketPrefix = ".remade-"

    /// Makes the token of a job again that no folder of its bucket has any more.
    ///
    /// It stands in a generation that the job never had. A ticket of that generation is linked first, never replacing
    /// another, and whoever made the ticket links the token, once: so no two coordinators make two tokens of one
    /// generation, however late their calls take effect. Should the lost token turn up, it is void.
    ///
    /// - Parameters:
    ///   - job: the job, as the plan has it.
    ///   - bucket: its bucket.
    ///   - campaign: its campaign.
    ///   - scratch: the caller's own folder.
    /// - Throws: `FileError` where nobody can tell whether the token was made; it will be seen, or be lost again.
    /// - Returns: the token; nil where another coordinator is making it.
    public func remake(
        _ job: JobSpecification,
        in bucket: BucketName,
        of campaign: CampaignID,
        scratch: FilePath
    ) throws(FileError) -> Token? {
        let generation = try lastGeneration(of: job.id, bucket, of: campaign) + 1
        let attempt = Attempt(generation: generation, number: 1, crashes: 0, failures: 0)
        let name = TokenName(job: job.id, attempt: attempt, standing: .pending(priority: job.priority))
        let token = Token(campaign: campaign, bucket: bucket, name: name)
        let nonce = surroundings.randomDigits()
        let ticketDraft = scratch.below("ticket-\(nonce)")
        let tokenDraft = scratch.below("token-\(nonce)")
        let record = JobRecord(job, campaign: campaign, run: settings.run)
        try fileSystem.create(ticketDraft, contents: Array(nonce.utf8), durably: true)
        defer { try? fileSystem.remove(ticketDraft) }
        let ticket = path(of: token).parent.below("\(Self.ticketPrefix)\(job.id).g\(generation)")
        guard try linkOnce(ticketDraft, to: ticket, content: Array(nonce.utf8)) else { return nil }
        try fileSystem.create(tokenDraft, contents: encodedRecord(record), durably: true)
        defer { try? fileSystem.remove(tokenDraft) }
        try fileSystem.link(tokenDraft, to: path(of: token))
        try fileSystem.synchronize(directory: ticket.parent)
        return token
    }

    /// Links a file to a name; false where another's is there.
    private func linkOnce(_ draft: FilePath, to target: FilePath, content: [UInt8]) throws(FileError) -> Bool {
        do throws(FileError) {
            try fileSystem.link(draft, to: target)
            return true
        } catch {
            guard try fileSystem.isPresent(target) else { throw error }
            return try fileSystem.contents(of: target, limit: 1 << 10) == content
        }
    }

    /// The highest generation of a job that left any trace: tokens, results, tickets; 0 where there is none.
    private func lastGeneration(
        of job: JobID,
        _ bucket: BucketName,
        of campaign: CampaignID
    ) throws(FileError) -> Int {
        var last = 1
        for folder in TokenFolder.allCases {
            for token in try tokens(in: folder, bucket, of: campaign) where token.name.job == job {
                last = max(last, token.name.attempt.generation)
            }
        }
        for attempt in try attemptsWithResult(bucket, of: campaign) where attempt.job == job {
            last = max(last, attempt.generation)
        }
        let prefix = "\(Self.ticketPrefix)\(job).g"
        for name in try fileSystem.names(in: folder(.pending, bucket, of: campaign)) {
            guard name.hasPrefix(prefix), let number = Int(name.dropFirst(prefix.count)), number < 1_000_000 else {
                continue
            }
            last = max(last, number)
        }
        return last
    }
}
