// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// A coordinator's note that a campaign has ended, so that nobody need look at its jobs again: never more than a hint.
///
/// All that is needed to pass over a campaign is in the note's name, so that one listing tells it of all.
public struct EndNote: Hashable, Sendable {
    /// How a campaign can end.
    public enum State: String, Codable, Sendable, CaseIterable {
        /// Its report is complete.
        case done
        /// Some jobs failed for good, and nothing else can be done.
        case failed
        /// A user cancelled it, and nothing of it runs any more.
        case cancelled
    }

    /// The campaign.
    public let campaign: CampaignID
    /// How it ended.
    public let state: State
    /// The number of the last control record that was known when it ended; 0 where there was none.
    public let number: Int

    /// Notes an end.
    public init(_ campaign: CampaignID, _ state: State, number: Int) {
        self.campaign = campaign
        self.state = state
        self.number = number
    }

    /// Reads a note's name; nil where it is none.
    init?(name: String) {
        var rest = Array(name.utf8)[...]
        guard let last = rest.popLastPart(after: UInt8(ascii: ".")),
            let state = State(rawValue: String(decoding: last, as: UTF8.self)),
            let digits = rest.popLastPart(after: UInt8(ascii: ".")), let number: Int = strictNumber(digits, digits: 9),
            let campaign = CampaignID(String(decoding: rest, as: UTF8.self))
        else { return nil }
        self.init(campaign, state, number: number)
    }

    /// Its name in the job directory.
    var name: String { "\(campaign).\(number).\(state.rawValue)" }

    /// Whether nobody has since wanted jobs of the campaign to be done after all, or not to be done.
    ///
    /// A campaign that is done stays so, whatever is said.
    public func holds(_ control: ControlState) -> Bool {
        state == .done || control.lastWish(for: campaign) <= number
    }

    /// Whether it says more of its campaign than another note.
    fileprivate func supersedes(_ other: EndNote) -> Bool {
        if (state == .done) != (other.state == .done) { return state == .done }
        return number > other.number
    }
}

/// What a note holds beside its name, for people who ask.
private struct EndRecord: Codable {
    let campaign: CampaignID
    let format: Int
    let jobs: [String: JobCounts]
    let run: String
}

extension JobDirectory {
    private static let noteLimit = 1 << 20

    private var notes: FilePath { root.below("ended") }

    /// The notes on campaigns that have ended, by one listing.
    public func endNotes() throws(FileError) -> [CampaignID: EndNote] {
        var found: [CampaignID: EndNote] = [:]
        // Looked at again and again, and never more than a hint.
        for note in try namesIfSeen(in: notes).lazy.compactMap({ EndNote(name: $0) }) {
            if let other = found[note.campaign], !note.supersedes(other) { continue }
            found[note.campaign] = note
        }
        return found
    }

    /// Notes that a campaign has ended.
    ///
    /// - Parameters:
    ///   - note: what is noted.
    ///   - jobs: how many jobs of each kind ended how.
    ///   - scratch: the caller's own folder.
    /// - Throws: `FileError` where it was not noted, which does no harm.
    public func add(_ note: EndNote, jobs: [String: JobCounts], scratch: FilePath) throws(FileError) {
        let draft = scratch.below("end-\(platform.randomDigits())")
        let record = EndRecord(
            campaign: note.campaign,
            format: QueueSettings.formatVersion,
            jobs: jobs,
            run: settings.run
        )
        // A job directory of an earlier version has no such folder.
        try fileSystem.makeDirectories(notes)
        try fileSystem.create(draft, contents: encodedRecord(record), durably: false)
        do throws(FileError) {
            try fileSystem.rename(draft, to: notes.below(note.name))
        } catch {
            try? fileSystem.remove(draft)
            throw error
        }
    }

    /// How many jobs of each kind ended how, as a note tells; nil where it cannot be read.
    public func jobs(of note: EndNote) -> [String: JobCounts]? {
        guard let bytes = try? fileSystem.contents(of: notes.below(note.name), limit: Self.noteLimit),
            let record = decodedRecord(EndRecord.self, from: bytes), record.run == settings.run,
            record.campaign == note.campaign
        else { return nil }
        return record.jobs
    }

    /// Takes back what was noted of a campaign's end, since there is work in it again.
    ///
    /// To be called after that work can be found: whoever notes an end looks for work afterwards.
    public func withdrawEndNotes(of campaign: CampaignID) throws(FileError) {
        for note in try namesIfPresent(in: notes).compactMap({ EndNote(name: $0) }) where note.campaign == campaign {
            try remove(note)
        }
    }

    /// Removes one note, of which a newer one says more.
    public func remove(_ note: EndNote) throws(FileError) {
        do throws(FileError) {
            try fileSystem.remove(notes.below(note.name))
        } catch  where error.errno == .noSuchFileOrDirectory {
            // Somebody else removed it.
        }
    }
}
