// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

extension JobDirectory {
    /// As on disk since format 1.
    static let ticketPrefix = ".remade-"

    /// Restores the token of a job that no folder of its bucket has any more.
    ///
    /// It stands in a generation that the job never had, and of which this caller holds the ticket. It comes to its place
    /// by a rename, which can happen only once, however late. Should the lost token turn up, it is void.
    ///
    /// - Parameters:
    ///   - job: the job, as the plan has it.
    ///   - bucket: its bucket.
    ///   - campaign: its campaign.
    ///   - scratch: the caller's own folder.
    /// - Throws: `FileError` where nobody can tell whether the token was made; it will be seen, or be lost again.
    /// - Returns: the token; nil where another coordinator is making it.
    public func restoreToken(
        of job: JobSpecification,
        in bucket: BucketName,
        of campaign: CampaignID,
        scratch: FilePath
    ) throws(FileError) -> Token? {
        let generation = try lastGeneration(of: job.id, bucket, of: campaign) + 1
        guard try takeTicket(of: job.id, generation, bucket, of: campaign, scratch: scratch) else { return nil }
        let token = newToken(of: job.id, generation, bucket, of: campaign, priority: job.priority)
        let draft = scratch.below("token-\(platform.randomDigits())")
        let record = JobRecord(job, campaign: campaign, run: settings.run)
        try fileSystem.create(draft, contents: encodedRecord(record), durably: true)
        guard try move(draft, to: path(of: token), tries: 1) == .moved else { return nil }
        try fileSystem.synchronize(directory: path(of: token).parent)
        return token
    }

    /// Starts a job anew whose token is known: the token moves on into the first generation whose ticket can be had.
    ///
    /// - Returns: `gone` where somebody else moved the token.
    func moveOn(
        _ job: JobID,
        from source: FilePath,
        after generation: Int,
        _ bucket: BucketName,
        of campaign: CampaignID,
        priority: Int,
        scratch: FilePath
    ) throws(FileError) -> Move {
        // No ticket for a token that somebody else has moved.
        guard try fileSystem.isStillPresent(source) else { return .gone }
        var next = generation + 1
        while try !takeTicket(of: job, next, bucket, of: campaign, scratch: scratch) { next += 1 }
        return try move(
            source,
            to: path(of: newToken(of: job, next, bucket, of: campaign, priority: priority)),
            tries: 3
        )
    }

    private func newToken(
        of job: JobID,
        _ generation: Int,
        _ bucket: BucketName,
        of campaign: CampaignID,
        priority: Int
    ) -> Token {
        let attempt = Attempt(generation: generation, number: 1, crashes: 0, failures: 0)
        let name = TokenName(job: job, attempt: attempt, standing: .pending(priority: priority))
        return Token(campaign: campaign, bucket: bucket, name: name)
    }

    // MARK: Tickets

    /// Takes the right to make a job's token of a generation; false where somebody else has it.
    ///
    /// A ticket is linked, never replacing another, so no two coordinators make two tokens of one generation. One whose
    /// maker died stays, and costs the generation.
    private func takeTicket(
        of job: JobID,
        _ generation: Int,
        _ bucket: BucketName,
        of campaign: CampaignID,
        scratch: FilePath
    ) throws(FileError) -> Bool {
        let nonce = platform.randomDigits()
        let draft = scratch.below("ticket-\(nonce)")
        let ticket = folder(.pending, of: campaign).below(
            bucket.description,
            "\(Self.ticketPrefix)\(job).g\(generation)"
        )
        try fileSystem.create(draft, contents: Array(nonce.utf8), durably: false)
        defer { try? fileSystem.remove(draft) }
        do throws(FileError) {
            try fileSystem.link(draft, to: ticket)
            return true
        } catch {
            guard try fileSystem.isPresent(ticket) else { throw error }
            return try fileSystem.contents(of: ticket, limit: 1 << 10) == Array(nonce.utf8)
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
