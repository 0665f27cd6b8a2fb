// SPDX-License-Identifier: MIT

internal import JobStorage
internal import SystemPackage
internal import SystemSupport

/// The shared file system as a simulated process sees it: through its machine's caches, and with faults.
struct Client: FileSystem {
    let world: World
    let process: Int

    private var safeguardOut: Safeguard? { world.scenario.safeguardOut }

    private func names(of path: FilePath) -> [String] {
        Safeguard.actual(Tree.components(path).inQueue, without: safeguardOut)
    }

    // MARK: Reading

    /// Names that come or go between the beginning and the end of the call may be missed, or seen twice.
    func seenNames(in directory: FilePath) throws(FileError) -> [String] {
        let path = names(of: directory)
        return try world.perform(
            process,
            .list,
            directory,
            start: { state, _ in World.Start(names: (try? state.tree.names(path).get()) ?? []) }
        ) { state, step in
            if let errno = state.absence(of: path, step) { return .failure(errno) }
            state.forgetAbsences(in: path, step)
            return state.tree.find(path).flatMap { node in
                state.tree.names(path).map { names in
                    state.listing(step.isStale ? state.tree.nodes[node] : nil, names, step)
                }
            }
        }
    }

    func seenContents(of file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        let path = names(of: file)
        return try world.perform(process, .read, file) { state, step in
            if let errno = state.absence(of: path, step) { return .failure(errno) }
            if state.isHidden(path, step) { return .failure(.noSuchFileOrDirectory) }
            return state.tree.contents(path).flatMap { content in
                let shown = state.cached(path, step) ?? content
                return shown.count > limit ? .failure(.fileTooLarge) : .success(shown)
            }
        }
    }

    func isSeen(_ path: FilePath) throws(FileError) -> Bool {
        let names = names(of: path)
        let isClaim = names.first == "running" && names.count == 4
        let isTaken = safeguardOut == .claimsAreProbed && isClaim
        return try world.perform(process, .look, path) { state, step in
            if isTaken { return .success(true) }
            if state.absence(of: names, step) != nil { return .success(false) }
            if state.isHidden(names, step) { return .success(false) }
            return .success((try? state.tree.find(names).get()) != nil)
        }
    }

    func refresh(_ directory: FilePath) throws(FileError) {
        if safeguardOut == .absencesAreAskedAgain { return }
        let path = names(of: directory)
        try world.perform(process, .refresh, directory) { (state, step) -> Result<Void, Errno> in
            if let errno = state.absence(of: path, step) { return .failure(errno) }
            state.forgetAbsences(in: path, step)
            return state.tree.find(path).map { _ in () }
        }
    }

    func seenAccess(to path: FilePath) throws(FileError) -> FileAccess {
        try world.perform(process, .access, path) { _, _ in
            .success(FileAccess(owner: currentUserIdentifier(), isWorldWritable: false))
        }
    }

    // MARK: Writing

    /// The name is there before the content is.
    func create(_ file: FilePath, contents: [UInt8], durably: Bool) throws(FileError) {
        let path = names(of: file)
        let isSynced = durably && safeguardOut != .resultsAreSynced
        try world.perform(
            process,
            .create,
            file,
            start: { state, author in
                if state.lacksDirectory(above: path, World.Step(author: author)) {
                    return World.Start(node: .failure(.noSuchFileOrDirectory))
                }
                state.forgetAbsence(of: path, World.Step(author: author))
                let node = state.tree.make(path, directory: false, by: author)
                if case .success(let node) = node {
                    state.tree.write(node, Array(contents.prefix(contents.count / 2)), by: author)
                }
                state.inspect(author.process)
                return World.Start(node: node)
            }
        ) { state, step in
            (step.start.node ?? .failure(.ioError)).map { node in
                state.tree.write(node, contents, by: step.author)
                if isSynced { state.tree.sync(node) }
            }
        }
    }

    func append(_ contents: [UInt8], to file: FilePath) throws(FileError) {
        let path = names(of: file)
        try world.perform(process, .append, file) { (state, step) -> Result<Void, Errno> in
            if state.lacksDirectory(above: path, step) { return .failure(.noSuchFileOrDirectory) }
            state.forgetAbsence(of: path, step)
            return state.node(path, orMadeBy: step.author).map { node in
                state.inspector.see(overwritten: path, by: state.actor(step.author.process))
                state.tree.write(node, state.tree.nodes[node].content + contents, by: step.author)
            }
        }
    }

    /// Who reads meanwhile sees a part of the new content.
    func overwrite(_ file: FilePath, contents: [UInt8]) throws(FileError) {
        let path = names(of: file)
        let isBeat = path.first == "heartbeats"
        let contents = isBeat && safeguardOut == .heartbeatsList ? Safeguard.withoutList(contents) : contents
        try world.perform(
            process,
            .overwrite,
            file,
            start: { state, author in
                if isBeat, state.processes[author.process].heartbeatsRefusedUntil > author.time {
                    return World.Start(node: .failure(.ioError))
                }
                if state.lacksDirectory(above: path, World.Step(author: author)) {
                    return World.Start(node: .failure(.noSuchFileOrDirectory))
                }
                state.forgetAbsence(of: path, World.Step(author: author))
                let node = state.node(path, orMadeBy: author)
                if case .success(let node) = node {
                    let before = state.tree.nodes[node].content
                    let half = min(contents.count, before.count) / 2
                    state.tree.write(node, Array(contents.prefix(half) + before.dropFirst(half)), by: author)
                }
                state.inspector.see(overwritten: path, by: state.actor(author.process))
                state.inspect(author.process)
                return World.Start(node: node)
            }
        ) { state, step in
            (step.start.node ?? .failure(.ioError)).map { node in
                state.tree.write(node, contents, by: step.author)
                state.tree.sync(node)
                guard isBeat, let worker = path.last.flatMap({ WorkerName($0) }) else { return }
                state.inspector.see(beat: worker, state.tree)
                state.raiseAttention()
            }
        }
    }

    // MARK: Names

    func rename(_ source: FilePath, to destination: FilePath) throws(FileError) {
        let from = names(of: source)
        var to = names(of: destination)
        let isToken = from.count == 4 && TokenFolder(rawValue: from[0]) != nil
        switch safeguardOut {
        case .damageIsMovedAway where to.contains("bad"): return
        case .attemptsGrow where isToken && from[0] != "pending" && to[0] == "pending":
            to[3] = Safeguard.withoutGrowth(to[3])
        case .movesAreAtomic where isToken:
            try link(source, to: destination)
            return try remove(source)
        case .bucketsAppearWhole where to.first == "pending" && to.count == 3:
            return try moveOneByOne(source, to: destination)
        default: break
        }
        let isReplacing = safeguardOut == .fullDirectoriesStay && to.count == 3
        let target = to
        try world.perform(process, .rename, source, destination) { (state, step) -> Result<Void, Errno> in
            if let errno = state.absence(of: from, step) { return .failure(errno) }
            if state.lacksDirectory(above: target, step) || state.isHidden(from, step) {
                return .failure(.noSuchFileOrDirectory)
            }
            let result = state.tree.rename(from, target, replacing: isReplacing, by: step.author)
            if case .success = result { state.forgetAbsence(of: target, step) }
            return result
        }
    }

    private func moveOneByOne(_ source: FilePath, to destination: FilePath) throws(FileError) {
        try makeDirectories(destination)
        for name in try names(in: source) {
            let (from, to) = (source.appending(name), destination.appending(name))
            let (first, second) = (names(of: from), names(of: to))
            try world.perform(process, .rename, from, to) { state, step in
                state.tree.rename(first, second, replacing: false, by: step.author)
            }
        }
    }

    func link(_ source: FilePath, to destination: FilePath) throws(FileError) {
        let (from, to) = (names(of: source), names(of: destination))
        // Only where shards are: elsewhere workers would notice when they start.
        let isReplacing = safeguardOut == .linkKeeps && to.first == "arrays"
        try world.perform(process, .link, source, destination) { (state, step) -> Result<Void, Errno> in
            if let errno = state.absence(of: from, step) { return .failure(errno) }
            if state.lacksDirectory(above: to, step) || state.isHidden(from, step) {
                return .failure(.noSuchFileOrDirectory)
            }
            // A link asks the server, whatever is remembered of the name.
            state.forgetAbsence(of: to, step)
            return state.tree.link(from, to, replacing: isReplacing, by: step.author)
        }
    }

    func makeDirectory(_ directory: FilePath) throws(FileError) {
        let path = names(of: directory)
        try world.perform(process, .makeDirectory, directory) { (state, step) -> Result<Void, Errno> in
            if state.lacksDirectory(above: path, step) { return .failure(.noSuchFileOrDirectory) }
            state.forgetAbsence(of: path, step)
            return state.tree.make(path, directory: true, by: step.author).map { _ in () }
        }
    }

    func remove(_ file: FilePath) throws(FileError) {
        let path = names(of: file)
        try world.perform(process, .remove, file) { (state, step) -> Result<Void, Errno> in
            if let errno = state.absence(of: path, step) { return .failure(errno) }
            return state.tree.remove(path, directory: false, by: step.author)
        }
    }

    func removeDirectory(_ directory: FilePath) throws(FileError) {
        let path = names(of: directory)
        try world.perform(process, .removeDirectory, directory) { (state, step) -> Result<Void, Errno> in
            if let errno = state.absence(of: path, step) { return .failure(errno) }
            return state.tree.remove(path, directory: true, by: step.author)
        }
    }

    // MARK: Syncing

    func synchronize(directory: FilePath) throws(FileError) {
        let path = names(of: directory)
        let isIgnored = safeguardOut == .resultsAreSynced
        try world.perform(process, .syncDirectory, directory) { state, _ in
            isIgnored ? .success(()) : state.tree.syncNames(path)
        }
    }

    func synchronizeAll(holding directory: FilePath) throws(FileError) {
        try world.perform(process, .syncAll, directory) { state, _ in
            state.tree.syncAll()
            return .success(())
        }
    }
}

extension World.State {
    fileprivate mutating func node(_ path: [String], orMadeBy author: Tree.Author) -> Result<Int, Errno> {
        if case .success(let node) = tree.find(path) { return .success(node) }
        return tree.make(path, directory: false, by: author)
    }

    private func isRecent(_ time: Duration, _ host: Int, _ step: World.Step) -> Bool {
        host != step.author.host && time > scheduler.now - World.staleness
    }

    /// Whether a cache still says that a name is not there which another machine made.
    fileprivate func isHidden(_ path: [String], _ step: World.Step) -> Bool {
        guard step.isStale, let entry = tree.entry(path), !entry.isReplacement else { return false }
        return isRecent(entry.time, entry.host, step)
    }

    /// The content that a cache still has of a file that another machine wrote over.
    fileprivate func cached(_ path: [String], _ step: World.Step) -> [UInt8]? {
        guard step.isStale, case .success(let node) = tree.find(path), let previous = tree.nodes[node].previous,
            isRecent(previous.time, previous.host, step)
        else { return nil }
        return previous.content
    }

    /// The names in a directory, as a listing that took some time may give them.
    fileprivate mutating func listing(_ stale: Tree.Node?, _ names: [String], _ step: World.Step) -> [String] {
        var present = Set(names)
        if let stale {
            for event in stale.events.reversed() where isRecent(event.time, event.host, step) {
                if event.isAdded { present.remove(event.name) } else { present.insert(event.name) }
            }
        }
        let before = Set(step.start.names)
        var listed: [String] = []
        for name in present.union(before).sorted() {
            let isSteady = present.contains(name) && before.contains(name)
            guard isSteady || chance.happens(0.5) else { continue }
            listed.append(name)
            if !isSteady, chance.happens(0.2) { listed.append(name) }
        }
        return listed.shuffled(using: &chance)
    }
}
