// SPDX-License-Identifier: MIT

import Archives
import ArgumentParser
import Coordination
import Downloads
import HTTPTransfer
import JobStorage
import SystemPackage
import SystemSupport

/// The options that say where published things come from.
struct SourceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Fetch from a copy of what was published, with its folders models and data, at this address.",
            valueName: "url"
        ),
        transform: { text in
            do throws(TransferError) { return try WebAddress(text) } catch { throw ValidationError("\(error)") }
        }
    )
    var mirror: WebAddress?

    @Option(
        name: .customLong("allow-host"),
        help: ArgumentHelp(
            "Ask this host and no other, also where a server sends elsewhere; may be given several times.",
            valueName: "host"
        )
    )
    var allowedHosts: [String] = []

    var client: WebClient {
        WebClient(.standard(allowing: allowedHosts).asking()) { error, delay in
            guard delay >= .seconds(1) else { return }
            Terminal.note("\(error); trying again in \(TimeSpan(delay))")
        }
    }

    var options: FetchOptions {
        FetchOptions(mirror: mirror, byteLimit: FetchOptions.usualByteLimit, archives: .pictures)
    }

    /// What was published, looked for in caches in their order and fetched to the first.
    func published(_ caches: @escaping @Sendable () throws -> [DownloadCache]) -> CachedCatalogue {
        let display = FetchDisplay()
        return CachedCatalogue(caches, by: client, options: options) { name, step in display.show(name, step) }
    }

    /// What was published, in the user's cache.
    var publishedForUser: CachedCatalogue { published { [try DownloadCache(at: DownloadCache.userFolder())] } }

    /// The user's cache, where there is one.
    static func existingUserCache() throws -> [DownloadCache] {
        guard let folder = try? DownloadCache.userFolder(), try LocalFileSystem().isPresent(folder) else {
            return []
        }
        return [try DownloadCache(at: folder)]
    }
}

/// The options that say where what was fetched is kept.
struct CacheOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep it in this job directory, for all workers, and not in the user's cache.",
            valueName: "dir"
        )
    )
    var queue: String?

    @Option(help: ArgumentHelp("Accept a job directory that belongs to this user.", valueName: "user"))
    var trustOwner: String?

    func open() throws -> DownloadCache {
        guard let queue else { return try DownloadCache(at: DownloadCache.userFolder()) }
        var option = QueueOption()
        option.wantedQueue = queue
        option.trustOwner = trustOwner
        return try DownloadCache(in: option.open())
    }
}
