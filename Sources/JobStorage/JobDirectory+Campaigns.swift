// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// What registering a campaign came to.
public enum Registration: Equatable, Sendable {
    /// It is new.
    case registered
    /// The same campaign was there already.
    case alreadySubmitted
}

/// Why a campaign's plan cannot be had.
public enum PlanReadingError: Error, Equatable, CustomStringConvertible {
    /// The file cannot be read.
    case file(FileError)
    /// The file is no valid plan of that campaign.
    case plan(FilePath, PlanError)

    /// What is wrong with the plan, and what to do.
    public var description: String {
        switch self {
        case .file(let error) where error.errno == .noSuchFileOrDirectory: "\(error); \(Self.remedy)"
        case .file(let error): "\(error)"
        case .plan(let file, let error): "\"\(file)\" is damaged: \(error); \(Self.remedy)"
        }
    }

    private static let remedy = "restore it from a backup, or submit the campaign under another name"
}

extension JobDirectory {
    static let planName = "plan"
    static let planLimit = 4 << 30

    /// Adds a campaign's files and plan, whole or not at all.
    ///
    /// The same campaign with the same plan is no error, whatever its file's comments say. `scratch` is the caller's
    /// own folder.
    public func register(
        _ plan: JobPlan,
        files: [String: [UInt8]],
        scratch: FilePath
    ) throws(JobDirectoryError) -> Registration {
        var all = files
        all[Self.planName] = plan.encoded()
        let contents = all
        let target = self.files(of: plan.campaign)
        let isNew = try Self.onDisk { () throws(FileError) in
            if try fileSystem.isPresent(target) { return false }
            let draft = scratch.below("campaign-\(platform.randomDigits())")
            try fileSystem.makeDirectories(draft)
            for (name, bytes) in contents.sorted(by: { $0.key < $1.key }) {
                try fileSystem.create(draft.appending(name), contents: bytes, durably: true)
            }
            try fileSystem.synchronize(directory: draft)
            return try moveWhole(draft, to: target)
        }
        if isNew { return .registered }
        let present = try? fileSystem.contents(of: target.appending(Self.planName), limit: Self.planLimit)
        guard present == contents[Self.planName] else {
            throw .campaignDiffers(plan.campaign, file: Self.planName)
        }
        return .alreadySubmitted
    }

    /// The campaigns that were ever registered here.
    public func campaigns() throws(FileError) -> [CampaignID] {
        try fileSystem.names(in: root.below("campaigns")).compactMap { CampaignID($0) }.sorted()
    }

    /// The plan of a registered campaign.
    public func plan(of campaign: CampaignID) throws(PlanReadingError) -> JobPlan {
        let bytes: [UInt8]
        let file = files(of: campaign).appending(Self.planName)
        do throws(FileError) { bytes = try fileSystem.contents(of: file, limit: Self.planLimit) } catch {
            throw .file(error)
        }
        do throws(PlanError) {
            let plan = try JobPlan(decoding: bytes)
            guard plan.campaign == campaign else { throw .malformed(line: 1) }
            return plan
        } catch {
            throw .plan(file, error)
        }
    }

    /// Whether the campaign's merged output is complete.
    public func isMerged(_ campaign: CampaignID) throws(FileError) -> Bool {
        try fileSystem.isPresent(success(of: campaign))
    }

    /// Whether the campaign's merged output is complete as far as this machine knows, which may be of a minute ago.
    public func isSeenMerged(_ campaign: CampaignID) throws(FileError) -> Bool {
        try fileSystem.isSeen(success(of: campaign))
    }

    private func success(of campaign: CampaignID) -> FilePath { reports(of: campaign).below("SUCCESS.json") }

    /// Makes a campaign's merged output, as it is seen now, survive a power cut.
    public func synchronizeReport(of campaign: CampaignID) throws(FileError) {
        try fileSystem.synchronize(directory: reports(of: campaign))
        try fileSystem.synchronize(directory: root.below("reports"))
    }

    /// The campaigns of whose merged output there is at least a part.
    public func campaignsWithReports() throws(FileError) -> Set<CampaignID> {
        Set(try fileSystem.names(in: root.below("reports")).compactMap { CampaignID($0) })
    }

    /// Removes a directory that was to be renamed.
    ///
    /// A rename of it whose error was reported may still happen: it must find nothing under this name rather than what
    /// is left of the directory. So it gets another name first.
    func discard(_ draft: FilePath) throws(FileError) {
        let away = draft.parent.below("removed-\(platform.randomDigits())")
        do throws(FileError) { try fileSystem.rename(draft, to: away) } catch {
            if error.errno == .noSuchFileOrDirectory { return }
            throw error
        }
        try fileSystem.removeTree(away)
    }

    /// Removes a process's private folder with all that it left there, the note of whose it is last.
    public func removeScratch(of name: WorkerName) throws(FileError) {
        let folder = scratch(of: name)
        for child in try namesIfPresent(in: folder) where child != "owner" && !child.hasPrefix("removed-") {
            try discard(folder.below(child))
        }
        try fileSystem.removeTree(folder)
    }

    /// Gives a directory that was built in scratch its final name; false where somebody else's is there.
    ///
    /// The final one is never empty, so it is never replaced.
    func moveWhole(_ draft: FilePath, to target: FilePath) throws(FileError) -> Bool {
        let parent = target.parent
        do throws(FileError) {
            try fileSystem.rename(draft, to: target)
        } catch {
            let isOurs = try !fileSystem.isPresent(draft)
            let isThere = try fileSystem.isPresent(target)
            guard isThere else { throw error }
            if !isOurs {
                try discard(draft)
                return false
            }
        }
        try fileSystem.synchronize(directory: parent)
        return true
    }
}
