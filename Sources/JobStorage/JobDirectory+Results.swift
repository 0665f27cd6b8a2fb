// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

extension JobDirectory {
    /// The folder that holds the results of a bucket.
    func results(of campaign: CampaignID, _ bucket: BucketName) -> FilePath {
        root.below("results", campaign.description, bucket.description)
    }

    /// Where the result of an attempt is; nil for an attempt that no worker holds or held.
    func resultPath(of token: Token) -> FilePath? {
        ResultName(token.name).map { results(of: token.campaign, token.bucket).below($0.description) }
    }

    /// The attempts of a bucket's jobs whose workers left a result, by the results' names.
    public func attemptsWithResult(
        _ bucket: BucketName,
        of campaign: CampaignID
    ) throws(FileError) -> [ResultName] {
        try namesIfPresent(in: results(of: campaign, bucket)).compactMap { ResultName($0) }
    }

    /// Reads and checks a result by its name.
    public func result(
        named name: ResultName,
        _ bucket: BucketName,
        of campaign: CampaignID
    ) throws(ResultError) -> StoredResult {
        let attempt = Attempt(generation: name.generation, number: name.attempt, crashes: 0, failures: 0)
        let done = TokenName(job: name.job, attempt: attempt, standing: .done(name.worker))
        return try result(of: Token(campaign: campaign, bucket: bucket, name: done))
    }

    /// Makes the result of a claimed attempt durable, under a name that is its own.
    public func store(
        _ result: JobResult,
        versions: [String: String],
        of claim: borrowing Claim
    ) throws(FileError) {
        let token = claim.token
        guard let path = resultPath(of: token) else { return }
        let header = ResultFile.Header(
            format: QueueSettings.formatVersion,
            run: settings.run,
            campaign: token.campaign,
            job: token.name.job,
            generation: token.name.attempt.generation,
            attempt: token.name.attempt.number,
            worker: claim.worker,
            versions: versions,
            inputs: result.inputs
        )
        let folder = scratch(of: claim.worker)
        let contents = ResultFile.encoded(header, payload: result.payload)
        let draft = folder.below("result-\(platform.randomDigits())")
        do throws(FileError) {
            try fileSystem.create(draft, contents: contents, durably: true)
        } catch  where error.errno == .noSuchFileOrDirectory {
            // Workers make their folder once; others than workers may not have.
            try fileSystem.makeDirectories(folder)
            try fileSystem.create(draft, contents: contents, durably: true)
        }
        // Once only: a rename that reported an error may happen later, and no result is ever replaced.
        try fileSystem.moveIntoPlace(draft, as: path)
    }

    /// Reads and checks the result of a token's attempt.
    public func result(of token: Token) throws(ResultError) -> StoredResult {
        guard let path = resultPath(of: token) else { throw .misplaced }
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try fileSystem.contents(of: path, limit: ResultFile.sizeLimit)
        } catch {
            throw .unreadable(error)
        }
        let (header, payload, digest) = try ResultFile.decoded(bytes)
        let name = token.name
        guard header.run == settings.run, header.campaign == token.campaign, header.job == name.job,
            header.generation == name.attempt.generation, header.attempt == name.attempt.number,
            header.worker == name.worker
        else { throw .misplaced }
        let result = JobResult(payload: payload, inputs: header.inputs)
        return StoredResult(result: result, versions: header.versions, payloadDigest: digest)
    }

    /// Makes the name of a result that was read survive a power cut; its content does since it has that name.
    public func synchronizeResult(of token: Token) throws(FileError) {
        try fileSystem.synchronize(directory: results(of: token.campaign, token.bucket))
    }

    /// Gives a finished shard its fixed name, never replacing what is there.
    ///
    /// The scratch file must be synced already; it is removed in either case. True where the shard is this one.
    public func linkShard(from scratchFile: FilePath, to shard: FilePath) throws(FileError) -> Bool {
        let folder = shard.parent
        try makeDirectoriesDurably(folder)
        var isOurs = true
        do throws(FileError) {
            try fileSystem.link(scratchFile, to: shard)
        } catch {
            // Also where a link was made and its reply was lost: what is there is as good as ours.
            guard try fileSystem.isPresent(shard) else { throw error }
            isOurs = false
        }
        try fileSystem.synchronize(directory: folder)
        try fileSystem.remove(scratchFile)
        return isOurs
    }

    private func makeDirectoriesDurably(_ folder: FilePath) throws(FileError) {
        if try fileSystem.isSeen(folder) { return }
        let parent = folder.parent
        if parent != root { try makeDirectoriesDurably(parent) }
        try fileSystem.makeDirectories(folder)
        try fileSystem.synchronize(directory: parent)
    }
}
