// SPDX-License-Identifier: MIT

internal import Campaigns
private import ImageCoding
private import JobKinds
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

    private let content: AtlasContent
    private var waiting: [AtlasContent.Job]
    private var waitingExemplars: [AtlasContent.ExemplarsJob]
    private var pictures: [AtlasPicture] = []
    private var exemplars: [Exemplar] = []
    private var sheets: [AtlasContent.SheetKey: PlacedSheet] = [:]
    /// Sheets that have changed since they were drawn, and when they were drawn last.
    private var stale: Set<AtlasContent.SheetKey> = []
    private var drawn: [AtlasContent.SheetKey: BootClock.Instant] = [:]
    private var isIndexStale = true
    private var indexing: (end: BootClock.Instant, effort: Duration)?

    /// How long one call may go on, so that whoever calls it can look after other things.
    private static let turn = Duration.seconds(1)
    /// How long a sheet of which pictures are missing stays as it is.
    private static let rest = Duration.seconds(15)

    /// Starts with an empty atlas; nil where the campaign asks for no pictures.
    init?(_ manifest: CampaignManifest, in folder: ReportFolder) throws {
        guard let content = try AtlasContent(manifest) else { return nil }
        self.content = content
        self.folder = folder
        waiting = content.jobs
        waitingExemplars = content.exemplarsJobs
    }

    /// Takes in what has arrived, redraws what has changed for some time, for some moments.
    ///
    /// - Throws: `UnusableResult` where a job's result is to be made again; `FileError` where the disk refuses.
    /// - Returns: whether there is more to do at once.
    mutating func advance(_ results: CampaignResults, isLast: Bool) throws -> Bool {
        let (folder, start) = (folder, folder.now)
        func isOver() -> Bool { start.duration(to: folder.now) > Self.turn }
        try takeAll(results, until: isOver)
        let hasMore = waiting.contains { results.isDone($0.job.id) }
        guard !hasMore, !isOver() else { return hasMore || isLast && (isIndexStale || !stale.isEmpty) }
        for key in stale.sorted() where isLast || isDue(key) {
            try draw(key)
            if isOver() { return true }
        }
        if isIndexStale, isLast || isIndexDue { try writeIndex() }
        return false
    }

    /// Takes in all results, and writes all that is not as it is to be in the end.
    ///
    /// - Throws: `UnusableResult` where a job's result is to be made again; `FileError` where the disk refuses.
    mutating func complete(_ results: CampaignResults) throws {
        try takeAll(results) { false }
        if let job = waiting.first?.job ?? waitingExemplars.first?.job {
            throw UnusableResult(job: job.id, reason: "it is not there")
        }
        for key in stale.sorted() { try draw(key) }
        try writeIndex()
    }

    /// Takes in what has arrived; what has been taken in is not waited for, also where something later cannot be.
    private mutating func takeAll(_ results: CampaignResults, until isOver: () -> Bool) throws {
        var place = 0
        while place < waitingExemplars.count, !isOver() {
            if try take(waitingExemplars[place], results) { waitingExemplars.remove(at: place) } else { place += 1 }
        }
        place = 0
        while place < waiting.count, !isOver() {
            if try take(waiting[place], results) { waiting.remove(at: place) } else { place += 1 }
        }
    }

    // MARK: Pictures

    /// Writes a job's pictures; false where it is not done.
    private mutating func take(_ job: AtlasContent.Job, _ results: CampaignResults) throws -> Bool {
        guard results.isDone(job.job.id), let stored = try results.result(of: job.job) else { return false }
        guard let file = LucidResultFile(decoding: stored.result.payload), content.isAnswer(file, to: job) else {
            throw UnusableResult(job: job.job.id, reason: "it does not hold the pictures that were asked for")
        }
        var entries: [AtlasPicture] = []
        for model in job.models {
            for picture in file.pictures {
                for (name, png) in content.files(of: picture, model: model, layer: job.layer) {
                    let name = "\(AtlasContent.folder)/\(name)"
                    digests[name] = try folder.place(name, png)
                }
                entries += content.entries(for: picture, model: model, layer: job.layer)
            }
        }
        // Last, so that nothing is taken in twice where a file could not be written.
        pictures += entries
        stale.formUnion(job.models.map { AtlasContent.SheetKey(model: $0, layer: job.layer) })
        isIndexStale = true
        return true
    }

    /// Writes the images that a job found; false where it is not done.
    private mutating func take(_ job: AtlasContent.ExemplarsJob, _ results: CampaignResults) throws -> Bool {
        guard results.isDone(job.job.id), let stored = try results.result(of: job.job) else { return false }
        guard let file = ExemplarsResultFile(decoding: stored.result.payload), content.isAnswer(file, to: job) else {
            throw UnusableResult(job: job.job.id, reason: "it does not hold the images that were asked for")
        }
        for (name, png) in content.files(of: file) {
            let name = "\(AtlasContent.folder)/\(name)"
            if digests[name] == nil { digests[name] = try folder.place(name, png) }
        }
        exemplars += content.entries(for: file, of: job)
        isIndexStale = true
        return true
    }

    // MARK: Sheets

    private func isDue(_ key: AtlasContent.SheetKey) -> Bool {
        let isComplete = !waiting.contains { $0.layer == key.layer && $0.models.contains(key.model) }
        guard !isComplete, let last = drawn[key] else { return true }
        return last.duration(to: folder.now) > Self.rest
    }

    private mutating func draw(_ key: AtlasContent.SheetKey) throws {
        var tiles: [AtlasSheet.Tile] = []
        let there = Dictionary(
            pictures.filter { $0.model == key.model && $0.layer == key.layer && content.isOnSheet($0) }
                .map { ($0.channel, $0) }
        ) { first, _ in first }
        for channel in content.channels(of: key.layer) {
            tiles.append(try tile(channel, there[channel]))
        }
        let title = AtlasSheet.Title(
            campaign: content.campaign,
            model: key.model,
            layer: key.layer,
            steps: content.steps
        )
        let sheet = try AtlasSheet(title: title, tiles: tiles)
        let file = "\(key.model)/\(key.layer)/sheet.png"
        digests["\(AtlasContent.folder)/\(file)"] = try folder.place("\(AtlasContent.folder)/\(file)", sheet.png)
        sheets[key] = PlacedSheet(model: key.model, layer: key.layer, file: file, geometry: sheet.geometry)
        stale.remove(key)
        drawn[key] = folder.now
        isIndexStale = true
    }

    private func tile(_ channel: Int?, _ picture: AtlasPicture?) throws -> AtlasSheet.Tile {
        guard let picture, let file = picture.file else {
            return AtlasSheet.Tile(
                channel: channel,
                objective: nil,
                thumbnail: nil,
                reason: picture?.error ?? "not there yet"
            )
        }
        let png = try folder.contents(of: "\(AtlasContent.folder)/\(file)")
        return AtlasSheet.Tile(
            channel: channel,
            objective: picture.objective,
            thumbnail: try PictureThumbnail(png: png).image
        )
    }

    // MARK: The index and the page

    /// The index of a large atlas takes seconds, so it rests twenty times as long as it took.
    private var isIndexDue: Bool {
        guard let indexing else { return true }
        return indexing.end.duration(to: folder.now) > max(.seconds(5), indexing.effort * 20)
    }

    private mutating func writeIndex() throws {
        let start = folder.now
        let atlas = content.atlas(pictures, exemplars)
        let place = AtlasContent.folder
        for file in atlas.page(sheets: sheets.values.sorted { ($0.layer, $0.model) < ($1.layer, $1.model) }) {
            digests["\(place)/\(file.name)"] = try folder.place("\(place)/\(file.name)", file.bytes)
        }
        digests["\(place)/index.json"] = try folder.place("\(place)/index.json") { write throws(FileError) in
            try atlas.withIndex(write)
        }
        isIndexStale = false
        indexing = (folder.now, start.duration(to: folder.now))
    }
}
