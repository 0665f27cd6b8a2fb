// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

extension JobDirectory {
    static let reservePrefix = ".complete-"

    /// The name, in its bucket of `pending`, of a job that was complete before.
    static func reserveName(of job: JobID) -> String { "\(reservePrefix)\(job)" }

    /// The jobs of a bucket that are complete and have no token.
    func reserves(_ bucket: BucketName, of campaign: CampaignID) throws(FileError) -> [JobID] {
        try fileSystem.names(in: folder(.pending, bucket, of: campaign)).compactMap { name in
            name.hasPrefix(Self.reservePrefix) ? JobID(String(name.dropFirst(Self.reservePrefix.count))) : nil
        }
    }

    private func reserve(_ job: JobID, _ bucket: BucketName, of campaign: CampaignID) -> FilePath {
        folder(.pending, bucket, of: campaign).below(Self.reserveName(of: job))
    }

    /// Whether a job that was seen done, with a token or without, still is.
    public func isStillDone(
        _ job: JobID,
        _ token: Token?,
        in bucket: BucketName,
        of campaign: CampaignID
    ) throws(FileError) -> Bool {
        try fileSystem.isStillPresent(token.map { path(of: $0) } ?? reserve(job, bucket, of: campaign))
    }

    /// Makes a job that is done claimable in the next generation; `gone` where another coordinator did.
    ///
    /// - Parameters:
    ///   - job: the job.
    ///   - token: its token in `done`; nil for a job that was complete before and never had one.
    ///   - bucket: the job's bucket, whose priority it keeps.
    ///   - campaign: the campaign.
    ///   - scratch: the caller's own folder.
    /// - Throws: `FileError` where nobody can tell what became of it.
    /// - Returns: what became of it.
    public func reissue(
        _ job: JobID,
        _ token: Token?,
        in bucket: JobPlan.Bucket,
        of campaign: CampaignID,
        scratch: FilePath
    ) throws(FileError) -> Move {
        try moveOn(
            job,
            from: token.map { path(of: $0) } ?? reserve(job, bucket.name, of: campaign),
            after: token?.name.attempt.generation ?? 1,
            bucket.name,
            of: campaign,
            priority: bucket.priority,
            scratch: scratch
        )
    }

    // MARK: Arrays

    static let quarantineName = "bad"

    /// The directory of the array that a file belongs to, which lies in `arrays`; nil for any other file.
    public func array(holding file: FilePath) -> FilePath? {
        let arrays = root.below("arrays")
        var inside = file
        guard inside.removePrefix(arrays), inside.components.count > 1, let address = inside.components.first else {
            return nil
        }
        return arrays.appending(address)
    }

    /// Moves a damaged file of an array out of the way, into the array's folder `bad`.
    ///
    /// - Parameter file: a file that belongs to an array.
    /// - Throws: `FileError` where nobody can tell whether it was moved.
    /// - Returns: `gone` where it was not there any more.
    public func quarantine(_ file: FilePath) throws(FileError) -> Move {
        var inside = file
        guard let array = array(holding: file), inside.removePrefix(array) else {
            // Callers pass outputs of jobs and files found in arrays, whose paths are built below `arrays/`.
            preconditionFailure("only files of arrays are put into quarantine")
        }
        let folder = array.appending(Self.quarantineName)
        try fileSystem.makeDirectories(folder)
        let name = inside.components.map(\.string).joined(separator: "-") + "-\(platform.randomDigits())"
        // One try a name: the file's own name recurs, so a rename that happens late may find the file that was made anew,
        // and must not put it over this one.
        return try move(file, to: folder.appending(name), tries: 1)
    }

    /// The files of an array that were moved away because they were damaged.
    public func quarantined(in array: FilePath) throws(FileError) -> [FilePath] {
        let folder = array.appending(Self.quarantineName)
        return try namesIfPresent(in: folder).sorted().map { folder.appending($0) }
    }
}
