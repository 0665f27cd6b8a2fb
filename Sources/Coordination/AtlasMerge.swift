// SPDX-License-Identifier: MIT

internal import Campaigns
private import ImageCoding
internal import JobStorage
internal import Reports
private import SystemPackage
internal import SystemSupport

/// An atlas that grows as the results of `lucid` jobs arrive, and ends the same whatever the order.
///
/// It keeps no picture: sheets are drawn from the files of an atlas that were written before.
struct AtlasMerge {
    /// The campaign's folder of reports.
    let folder: ReportFolder
    /// The digests of all files so far, by their names below the folder of reports.
    private(set) var digests: [String: ContentDigest] = [:]
    /// The files that hold what was there at some moment, over which other coordinators may write theirs.
    private(set) var revisions: Set<String> = []

    private let content: AtlasContent
    private var waiting: [AtlasSource]
    private var intake: (findings: AtlasFindings, next: Int)?
    private var pictures: [AtlasPicture] = []
    private var exemplars: [Exemplar] = []
    private var sheets: [AtlasContent.SheetKey: PlacedSheet] = [:]
    private var sheetUnderWay: SheetDraft?
    /// Sheets that have changed since they were drawn, and when they were drawn last.
    private var stale: Set<AtlasContent.SheetKey> = []
    private var drawn: [AtlasContent.SheetKey: BootClock.Instant] = [:]
    private var isIndexStale = true
    private var indexing: (end: BootClock.Instant, effort: Duration)?
    private var phase = CampaignPhase.underWay
    /// Whether what is written now is what stays.
    private var isFinal = false

    /// A sheet of which some tiles are there.
    private struct SheetDraft {
        let key: AtlasContent.SheetKey
        let channels: [Int?]
        let pictures: [Int?: AtlasPicture]
        var tiles: [AtlasSheet.Tile] = []
    }

    /// The time of one call, after which whoever calls it looks after other things.
    private final class Turn {
        /// How long it may take, but for a picture or a tile, without which nothing would ever be done.
        private static let length = Duration.seconds(1)

        private let folder: ReportFolder
        private let start: BootClock.Instant
        /// Whether something was done in it.
        var isUsed = false

        init(_ folder: ReportFolder) {
            self.folder = folder
            start = folder.now
        }

        var isOver: Bool { isUsed && start.duration(to: folder.now) > Self.length }
    }

    /// How long a sheet of which pictures are missing stays as it is.
    private static let rest = Duration.seconds(15)

    /// Starts with an empty atlas; nil where the campaign asks for no pictures.
    init?(_ manifest: CampaignManifest, in folder: ReportFolder) throws {
        guard let content = try AtlasContent(manifest) else { return nil }
        self.content = content
        self.folder = folder
        waiting = content.sources
    }

    /// How many pictures there are, and how many failed.
    var counts: PictureCounts {
        let failed = pictures.count { $0.file == nil }
        return PictureCounts(made: pictures.count - failed, failed: failed)
    }

    /// Takes in what has arrived, redraws what has changed for some time, for some moments.
    ///
    /// It pauses after any picture and any tile, and does nothing where another coordinator has completed the report.
    ///
    /// - Throws: `UnusableResult` where a job's result is to be made again; `FileError` where the disk refuses.
    /// - Returns: whether there is more to do at once.
    mutating func advance(_ results: CampaignResults, _ phase: CampaignPhase) throws -> Bool {
        update(for: phase)
        let turn = Turn(folder)
        do {
            try takeAll(results, turn)
            if turn.isOver { return true }
            while let key = sheetUnderWay?.key ?? stale.sorted().first(where: { isDue($0) }) {
                try draw(key, turn)
                if turn.isOver { return true }
            }
            if isIndexStale, isIndexDue { try writeIndex() }
            return false
        } catch is ReportIsComplete {
            return false
        }
    }

    /// Takes in all results, and writes all that is not as it is to be in the end.
    ///
    /// - Throws: `UnusableResult` where a job's result is to be made again; `FileError` where the disk refuses.
    mutating func complete(_ results: CampaignResults) throws {
        update(for: .complete)
        isFinal = true
        defer { isFinal = false }
        try takeAll(results, nil)
        if let job = waiting.first?.job { throw UnusableResult(job: job.id, reason: "it is not there") }
        for (key, sheet) in sheets where !isInPlace(sheet) { stale.insert(key) }
        while let key = sheetUnderWay?.key ?? stale.min() { try draw(key, nil) }
        try writeIndex()
    }

    /// Whether a sheet is on the disk as it was drawn last, and not as another coordinator drew it from fewer pictures.
    private func isInPlace(_ sheet: PlacedSheet) -> Bool {
        let name = Self.name(sheet.file)
        return (try? ContentDigest(ofFile: folder.file(name))) == digests[name]
    }

    private mutating func update(for phase: CampaignPhase) {
        guard phase != self.phase else { return }
        self.phase = phase
        // What is missing is called otherwise now, on the page and on sheets.
        isIndexStale = true
        stale.formUnion(sheets.keys.filter { isIncomplete($0) })
    }

    // MARK: Results

    private func isIncomplete(_ key: AtlasContent.SheetKey) -> Bool { waiting.contains { $0.pictures(key) } }

    /// Takes in what has arrived; what has been taken in is not waited for, also where something later cannot be.
    private mutating func takeAll(_ results: CampaignResults, _ turn: Turn?) throws {
        while turn?.isOver != true {
            if intake == nil { intake = try nextFindings(results).map { ($0, 0) } }
            guard let (findings, number) = intake else { return }
            try append(findings.portion(number))
            turn?.isUsed = true
            intake?.next += 1
            guard number + 1 == findings.portionCount else { continue }
            waiting.removeAll { $0.job.id == findings.job }
            intake = nil
        }
    }

    private func nextFindings(_ results: CampaignResults) throws -> AtlasFindings? {
        for source in waiting where results.isDone(source.job.id) {
            guard let stored = try results.result(of: source.job) else { continue }
            return try AtlasFindings(stored.result.payload, of: source, content)
        }
        return nil
    }

    private mutating func append(_ portion: AtlasFindings.Portion) throws {
        for (file, png) in portion.files {
            let name = Self.name(file)
            // One image may drive many neurons.
            if digests[name] == nil { digests[name] = try folder.write(name, png) }
        }
        // Last, so that nothing is taken in twice where a file could not be written.
        pictures += portion.pictures
        exemplars += portion.exemplars
        stale.formUnion(portion.pictures.map { AtlasContent.SheetKey(model: $0.model, layer: $0.layer) })
        isIndexStale = true
    }

    // MARK: Files

    private static func name(_ file: String) -> String { "\(AtlasContent.folder)/\(file)" }

    /// Writes a file that holds what is there at the moment.
    private mutating func revise(
        _ file: String,
        _ parts: (_ write: ([UInt8]) throws(FileError) -> Void) throws(FileError) -> Void
    ) throws {
        let name = Self.name(file)
        revisions.insert(name)
        digests[name] = try folder.write(name, onlyUntilComplete: !isFinal, parts: parts)
    }

    // MARK: Sheets

    private func isDue(_ key: AtlasContent.SheetKey) -> Bool {
        guard phase == .underWay, isIncomplete(key), let last = drawn[key] else { return true }
        return last.duration(to: folder.now) > Self.rest
    }

    /// Goes on with the sheet under way, or begins with one.
    private mutating func draw(_ key: AtlasContent.SheetKey, _ turn: Turn?) throws {
        var sheet = sheetUnderWay ?? draft(key)
        // What arrives from here on makes it stale again.
        stale.remove(key)
        while sheet.tiles.count < sheet.channels.count {
            sheetUnderWay = sheet
            if turn?.isOver == true { return }
            let channel = sheet.channels[sheet.tiles.count]
            sheet.tiles.append(try tile(channel, sheet.pictures[channel]))
            turn?.isUsed = true
        }
        try write(sheet)
        sheetUnderWay = nil
    }

    private func draft(_ key: AtlasContent.SheetKey) -> SheetDraft {
        let present = pictures.filter { $0.model == key.model && $0.layer == key.layer && content.isOnSheet($0) }
        return SheetDraft(
            key: key,
            channels: content.channels(of: key.layer),
            pictures: Dictionary(present.map { ($0.channel, $0) }) { first, _ in first }
        )
    }

    private mutating func write(_ draft: SheetDraft) throws {
        let key = draft.key
        let title = AtlasSheet.Title(
            campaign: content.campaign,
            model: key.model,
            layer: key.layer,
            steps: content.steps
        )
        let sheet = try AtlasSheet(title: title, tiles: draft.tiles)
        let file = "\(key.model)/\(key.layer)/sheet.png"
        try revise(file) { write throws(FileError) in try write(sheet.png) }
        sheets[key] = PlacedSheet(model: key.model, layer: key.layer, file: file, geometry: sheet.geometry)
        drawn[key] = folder.now
        isIndexStale = true
    }

    private func tile(_ channel: Int?, _ picture: AtlasPicture?) throws -> AtlasSheet.Tile {
        guard let picture, let file = picture.file else {
            return AtlasSheet.Tile(
                channel: channel,
                objective: nil,
                thumbnail: nil,
                reason: picture?.error.map { "failed: \($0)" } ?? (phase.ending == nil ? "not there yet" : "not made")
            )
        }
        let png = try folder.contents(of: Self.name(file))
        return AtlasSheet.Tile(
            channel: channel,
            objective: picture.objective,
            thumbnail: try PictureThumbnail(png: png).image
        )
    }

    // MARK: The index and the page

    /// The index of a large atlas takes seconds, so it rests twenty times as long as it took; the last one comes with
    /// the rest of the report.
    private var isIndexDue: Bool {
        guard phase == .underWay, let indexing else { return phase != .complete }
        return indexing.end.duration(to: folder.now) > max(.seconds(5), indexing.effort * 20)
    }

    private mutating func writeIndex() throws {
        let start = folder.now
        let atlas = content.atlas(pictures, exemplars, phase.ending)
        for file in atlas.page(sheets: sheets.values.sorted { ($0.layer, $0.model) < ($1.layer, $1.model) }) {
            try revise(file.name) { write throws(FileError) in try write(file.bytes) }
        }
        try revise("index.json") { write throws(FileError) in try atlas.withIndex(write) }
        isIndexStale = false
        indexing = (folder.now, start.duration(to: folder.now))
    }
}
