// SPDX-License-Identifier: MIT

import Archives
import ArgumentParser
import Coordination
import HTTPTransfer
import JobStorage
import Publications
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
    func published(_ caches: @escaping @Sendable () throws -> [PublicationCache]) -> PublishedData {
        let display = FetchDisplay()
        return PublishedData(caches, by: client, options: options) { name, step in display.show(name, step) }
    }

    /// What was published, in the user's cache.
    var publishedForUser: PublishedData { published { [try PublicationCache(at: PublicationCache.userFolder())] } }

    /// The user's cache, where there is one.
    static func existingUserCache() throws -> [PublicationCache] {
        guard let folder = try? PublicationCache.userFolder(), try LocalFileSystem().isPresent(folder) else {
            return []
        }
        return [try PublicationCache(at: folder)]
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

    func open() throws -> PublicationCache {
        guard let queue else { return try PublicationCache(at: PublicationCache.userFolder()) }
        var option = QueueOption()
        option.wantedQueue = queue
        option.trustOwner = trustOwner
        return try PublicationCache(in: option.open())
    }
}
