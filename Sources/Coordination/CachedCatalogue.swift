// SPDX-License-Identifier: MIT

private import Archives
internal import Campaigns
private import Datasets
public import Downloads
public import HTTPTransfer
private import JobKinds
public import JobStorage
private import Networks
public import SystemPackage

/// What campaigns name and somebody published, from the caches where it is, else fetched.
public struct CachedCatalogue: ModelCatalogue {
    /// Is told what is fetched, and how far it is, very often.
    public typealias StepReport = @Sendable (_ name: String, _ step: FetchStep) -> Void

    private let caches: @Sendable () throws -> [DownloadCache]
    private let client: WebClient
    private let options: FetchOptions
    private let onStep: StepReport

    /// Looks in caches in their order, and fetches to the first; they are opened when something is asked for.
    public init(
        _ caches: @escaping @Sendable () throws -> [DownloadCache],
        by client: WebClient,
        options: FetchOptions,
        onStep: @escaping StepReport
    ) {
        (self.caches, self.client, self.options, self.onStep) = (caches, client, options, onStep)
    }

    /// The names of the published networks.
    public var names: [String] { NetworkCatalogue.names }

    /// The file of a published network's weights; nil where no published one has the name.
    public func weights(named name: String) throws -> FilePath? {
        try Catalogue.model(name).map { try path(of: $0, options) }
    }

    /// The folder of a published data set, or of an archive's images; nil where the data set is no file, and so a folder
    /// already.
    ///
    /// - Parameters:
    ///   - dataset: the data set.
    ///   - place: where it is, if it has no address.
    ///   - limits: what may come out of an archive.
    /// - Throws: `SubmissionError` for what is no archive or has too much; what fetching throws.
    /// - Returns: the folder.
    func images(of dataset: Campaign.Dataset, at place: FilePath, limits: Campaign.Limits) throws -> FilePath? {
        var options = options
        options.archives = options.archives.with(fileBytes: limits.bytes, entries: limits.entries)
        // Whoever lets a file be so large means the archive that it comes in as well.
        options.byteLimit = max(options.byteLimit, limits.bytes)
        if dataset.isPublished == true {
            return try Catalogue.dataset(dataset.images).map { try path(of: $0, options) }
        }
        let isFile = !dataset.images.contains("://")
        if isFile, try !isRegularFile(place) { return nil }
        do {
            let archive =
                isFile ? try Catalogue.archive(in: place) : Catalogue.archive(at: try WebAddress(dataset.images))
            return try path(of: archive, options)
        } catch ArchiveError.unreadable(let reason) where isFile {
            throw SubmissionError(
                "\"\(place)\" is neither a folder of images nor a ZIP or tar archive of one: \(reason)"
            )
        } catch TransferError.tooLarge(let address, let limit) {
            throw SubmissionError("\(TransferError.tooLarge(address, limit: limit)); \"limits: {bytes}\" raises that")
        } catch ArchiveError.tooMuch(let reason) {
            let remedy =
                "\"limits: {bytes, entries}\" in the campaign are the most that a file and the archive may have"
            throw SubmissionError("\(dataset.images): \(ArchiveError.tooMuch(reason: reason)); \(remedy)")
        }
    }

    /// Where something is; fetched where it is nowhere.
    private func path(of item: CatalogueItem, _ options: FetchOptions) throws -> FilePath {
        let caches = try caches()
        for cache in caches {
            if let copy = try cache.find(item) { return copy.path }
        }
        guard let first = caches.first else { throw SubmissionError("there is no cache to fetch to") }
        let copy = try first.fetch(item, by: client, options: options) { [onStep] step in
            onStep(item.name, step)
        }
        return copy.path
    }
}

extension DownloadCache {
    /// Opens the cache in a job directory, which all workers see.
    public init(in directory: JobDirectory) throws {
        try self.init(at: directory.downloads, on: directory.disk)
    }
}
