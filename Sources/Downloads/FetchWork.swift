// SPDX-License-Identifier: MIT

private import Archives
internal import HTTPTransfer
internal import SystemPackage
internal import SystemSupport

/// One owner's work: fetch, check, unpack, record, and give what was fetched its place.
struct FetchWork {
    let cache: DownloadCache
    let item: CatalogueItem
    let draft: FetchDraft
    let options: FetchOptions
    let onStep: @Sendable (FetchStep) -> Void

    private var fileSystem: LocalFileSystem { cache.fileSystem }

    func run(by client: WebClient) throws -> DownloadCache.Copy {
        if case .file(let file) = item.source {
            let content = Download(
                digest: try ContentDigest(ofFile: file),
                byteCount: try LocalFileSystem().byteCount(ofUserFile: file)
            )
            return try keepFolder(nil, of: file, content, nil)
        }
        let address = try item.address(mirror: options.mirror)
        let download = try download(address, by: client)
        do {
            switch item.kind {
            case .weights: return try keepWeights(download, address)
            case .archive(let folder): return try keepFolder(folder, of: draft.whole, download, address)
            }
        } catch let error as FileError {
            // With some space more, what has arrived can be used.
            throw error
        } catch {
            try? fileSystem.remove(draft.whole)
            throw error
        }
    }

    private func download(_ address: WebAddress, by client: WebClient) throws -> Download {
        if let size = fileSize(draft.whole) {
            // One who is gone got so far, and no further.
            return Download(digest: try ContentDigest(ofFile: draft.whole), byteCount: size)
        }
        let recorded = try FetchRecord.read(cache.recordPath(of: item))
        do throws(TransferError) {
            return try client.download(
                address,
                to: draft.whole,
                draft: draft.part,
                on: fileSystem,
                expecting: recorded?.sha256 ?? item.knownDigest,
                limit: options.byteLimit,
                onProgress: { [onStep] in onStep(.transferring($0)) }
            )
        } catch {
            guard case .wrongDigest(_, _, let found) = error, recorded != nil else { throw error }
            throw changed(address, recorded, found)
        }
    }

    private func changed(_ address: WebAddress, _ recorded: FetchRecord?, _ found: ContentDigest) -> CacheError {
        .changedUpstream(
            address,
            recorded: recorded?.sha256 ?? found,
            found: found,
            record: cache.recordPath(of: item)
        )
    }

    /// Records what was fetched; another process that was quicker must have fetched the same.
    private func record(_ download: Download, _ address: WebAddress?, files: Int?) throws -> FetchRecord {
        let new = FetchRecord(
            address: address?.description,
            sha256: download.digest,
            bytes: download.byteCount,
            files: files
        )
        let record = try cache.settle(new, for: item)
        guard record.sha256 == download.digest else {
            throw address.map { changed($0, record, download.digest) } ?? .damaged(cache.recordPath(of: item))
        }
        return record
    }

    private func keepWeights(_ download: Download, _ address: WebAddress) throws -> DownloadCache.Copy {
        guard item.accepts(beginning: try beginning(of: draft.whole, count: 8)) else {
            throw CacheError.notWeights(address)
        }
        let place = cache.path(of: item)
        let record = try record(download, address, files: nil)
        try fileSystem.makeDirectories(place.parent)
        try fileSystem.linkUnlessThere(draft.whole, to: place)
        return DownloadCache.Copy(path: place, record: record)
    }

    private func keepFolder(
        _ name: String?,
        of archive: FilePath,
        _ download: Download,
        _ address: WebAddress?
    ) throws -> DownloadCache.Copy {
        try fileSystem.removeTree(draft.unpacked)
        let content = try unpack(archive, into: draft.unpacked, on: fileSystem, limits: options.archives) { [onStep] in
            onStep(.unpacking($0))
        }
        let folder = try imageFolder(named: name, address)
        let place = cache.path(of: item)
        try fileSystem.makeDirectories(place.parent)
        try fileSystem.synchronizeAll(holding: draft.unpacked)
        let record = try record(download, address, files: content.fileCount)
        try fileSystem.renameUnlessThere(folder, to: place)
        return DownloadCache.Copy(path: place, record: record)
    }

    /// The folder of the images: the one of this name, else the archive's only folder, else all of it.
    private func imageFolder(named name: String?, _ address: WebAddress?) throws -> FilePath {
        let names = try fileSystem.names(in: draft.unpacked).filter { $0 != "__MACOSX" }
        if let name, let address {
            if names.contains(name) { return draft.unpacked.below(name) }
            guard names.contains("test.csv") else { throw CacheError.lacksFolder(address, folder: name) }
            return draft.unpacked
        }
        guard names.count == 1, let only = names.first, fileSize(draft.unpacked.below(only)) == nil
        else {
            return draft.unpacked
        }
        return draft.unpacked.below(only)
    }
}
