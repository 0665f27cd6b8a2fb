// SPDX-License-Identifier: MIT

internal import SystemPackage

/// The shared file system as its server has it: what every client would see at once if it had no cache.
struct Tree: Sendable {
    /// Who changes something, and when.
    struct Author {
        let process: Int
        let host: Int
        let time: Duration
    }

    /// A name in a directory.
    struct Entry: Sendable {
        let node: Int
        let host: Int
        let time: Duration
        /// The number of the change that made it.
        let change: Int
        /// Whether the name was there before, with something else.
        var isReplacement = false
    }

    /// A name that came or went, for listings that are older than it.
    struct Event: Sendable {
        let time: Duration
        let host: Int
        let name: String
        let isAdded: Bool
    }

    struct Node: Sendable {
        let isDirectory: Bool
        var entries: [String: Entry] = [:]
        var events: [Event] = []
        var lastChange = 0
        var content: [UInt8] = []
        /// What a power cut leaves; nil where nothing was synced yet.
        var durable: [UInt8]?
        /// The machine whose crash would tear the content.
        var unsyncedHost: Int?
        /// What a client's cache may still show, until a time.
        var previous: (content: [UInt8], host: Int, time: Duration)?
    }

    /// One name that came, went, or was replaced.
    struct Edit: Sendable {
        enum Kind: Sendable { case added, removed, replaced }
        let kind: Kind
        let directory: Int
        let path: [String]
        let node: Int
        let entry: Entry
    }

    private(set) var nodes: [Node] = [Node(isDirectory: true)]
    /// All changes of names so far.
    private(set) var changes = 0
    /// As many of them, from the first, survive a power cut.
    private(set) var durableChanges = 0
    /// The changes that may be lost, each with its edits.
    private var journal: [(change: Int, edits: [Edit])] = []
    /// The edits since somebody last took them.
    private var fresh: [Edit] = []

    mutating func takeEdits() -> [Edit] {
        defer { fresh = [] }
        return fresh
    }

    // MARK: Looking

    static func components(_ path: FilePath) -> [String] {
        path.string.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    }

    func find(_ path: [String]) -> Result<Int, Errno> {
        var node = 0
        for name in path {
            guard nodes[node].isDirectory else { return .failure(.notDirectory) }
            guard let entry = nodes[node].entries[name] else { return .failure(.noSuchFileOrDirectory) }
            node = entry.node
        }
        return .success(node)
    }

    func entry(_ path: [String]) -> Entry? {
        guard let last = path.last, case .success(let parent) = find(path.dropLast()) else { return nil }
        return nodes[parent].entries[last]
    }

    func contents(_ path: [String]) -> Result<[UInt8], Errno> {
        find(path).flatMap { nodes[$0].isDirectory ? .failure(.isDirectory) : .success(nodes[$0].content) }
    }

    func names(_ path: [String]) -> Result<[String], Errno> {
        find(path).flatMap { node in
            nodes[node].isDirectory ? .success(nodes[node].entries.keys.sorted()) : .failure(.notDirectory)
        }
    }

    /// Whether a name would survive a power cut, with all that is under it.
    func isDurable(_ path: [String]) -> Bool {
        guard let entry = entry(path) else { return false }
        return entry.change < durableChanges && nodes[entry.node].durable == nodes[entry.node].content
    }

    /// Whether something of a name would survive a power cut: what has it now, or what that has replaced.
    func survives(_ path: [String]) -> Bool {
        isDurable(path)
            || journal.flatMap(\.edits).contains { edit in
                edit.kind == .replaced && edit.path == path && edit.entry.change < durableChanges
                    && nodes[edit.node].durable == nodes[edit.node].content
            }
    }

    // MARK: Content

    mutating func write(_ node: Int, _ content: [UInt8], by author: Author) {
        nodes[node].previous = (nodes[node].content, author.host, author.time)
        nodes[node].content = content
        nodes[node].unsyncedHost = author.host
    }

    mutating func sync(_ node: Int) {
        nodes[node].durable = nodes[node].content
        nodes[node].unsyncedHost = nil
    }

    // MARK: Names

    private mutating func change(_ body: (inout Tree, Int) -> [Edit]) {
        let edits = body(&self, changes)
        for edit in edits { nodes[edit.directory].lastChange = changes }
        journal.append((changes, edits))
        fresh += edits
        changes += 1
    }

    private mutating func add(
        _ path: [String],
        in directory: Int,
        node: Int,
        by author: Author,
        _ change: Int,
        isReplacement: Bool = false
    ) -> Edit {
        let name = path[path.count - 1]
        let entry = Entry(
            node: node,
            host: author.host,
            time: author.time,
            change: change,
            isReplacement: isReplacement
        )
        nodes[directory].entries[name] = entry
        nodes[directory].events.append(Event(time: author.time, host: author.host, name: name, isAdded: true))
        return Edit(kind: .added, directory: directory, path: path, node: node, entry: entry)
    }

    private mutating func take(
        _ path: [String],
        in directory: Int,
        _ entry: Entry,
        by author: Author,
        as kind: Edit.Kind = .removed
    ) -> Edit {
        let name = path[path.count - 1]
        nodes[directory].entries[name] = nil
        nodes[directory].events.append(Event(time: author.time, host: author.host, name: name, isAdded: false))
        return Edit(kind: kind, directory: directory, path: path, node: entry.node, entry: entry)
    }

    private func parent(_ path: [String]) -> Result<Int, Errno> {
        find(path.dropLast()).flatMap { nodes[$0].isDirectory ? .success($0) : .failure(.notDirectory) }
    }

    mutating func make(_ path: [String], directory isDirectory: Bool, by author: Author) -> Result<Int, Errno> {
        parent(path).flatMap { parent in
            guard nodes[parent].entries[path[path.count - 1]] == nil else { return .failure(.fileExists) }
            nodes.append(Node(isDirectory: isDirectory))
            let node = nodes.count - 1
            change { [$0.add(path, in: parent, node: node, by: author, $1)] }
            return .success(node)
        }
    }

    mutating func link(
        _ source: [String],
        _ target: [String],
        replacing: Bool,
        by author: Author
    ) -> Result<Void, Errno> {
        find(source).flatMap { node in
            parent(target).flatMap { parent in
                let present = nodes[parent].entries[target[target.count - 1]]
                if present != nil, !replacing { return .failure(.fileExists) }
                change { tree, number in
                    let replaced = present.map { [tree.take(target, in: parent, $0, by: author, as: .replaced)] } ?? []
                    return replaced + [
                        tree.add(target, in: parent, node: node, by: author, number, isReplacement: present != nil)
                    ]
                }
                return .success(())
            }
        }
    }

    mutating func rename(
        _ source: [String],
        _ target: [String],
        replacing: Bool,
        by author: Author
    ) -> Result<Void, Errno> {
        let (from, to): (Int, Int)
        switch (parent(source), parent(target)) {
        case (.failure(let errno), _), (_, .failure(let errno)): return .failure(errno)
        case (.success(let first), .success(let second)): (from, to) = (first, second)
        }
        guard let moved = nodes[from].entries[source[source.count - 1]] else { return .failure(.noSuchFileOrDirectory) }
        let present = nodes[to].entries[target[target.count - 1]]
        if let present, !replacing {
            let (new, old) = (nodes[moved.node], nodes[present.node])
            if moved.node == present.node { return .success(()) }
            if new.isDirectory, !old.isDirectory { return .failure(.notDirectory) }
            if !new.isDirectory, old.isDirectory { return .failure(.isDirectory) }
            if old.isDirectory, !old.entries.isEmpty { return .failure(.directoryNotEmpty) }
        }
        change { tree, number in
            var edits = [tree.take(source, in: from, moved, by: author)]
            if let present { edits.append(tree.take(target, in: to, present, by: author, as: .replaced)) }
            return edits + [
                tree.add(target, in: to, node: moved.node, by: author, number, isReplacement: present != nil)
            ]
        }
        return .success(())
    }

    mutating func remove(_ path: [String], directory isDirectory: Bool, by author: Author) -> Result<Void, Errno> {
        parent(path).flatMap { parent in
            guard let entry = nodes[parent].entries[path[path.count - 1]] else {
                return .failure(.noSuchFileOrDirectory)
            }
            let node = nodes[entry.node]
            guard node.isDirectory == isDirectory else { return .failure(isDirectory ? .notDirectory : .isDirectory) }
            guard node.entries.isEmpty else { return .failure(.directoryNotEmpty) }
            change { tree, _ in [tree.take(path, in: parent, entry, by: author)] }
            return .success(())
        }
    }

    // MARK: Surviving

    /// Makes a directory's names survive a power cut, and with them every change before the last of theirs.
    mutating func syncNames(_ path: [String]) -> Result<Void, Errno> {
        find(path).map { node in
            guard !nodes[node].events.isEmpty else { return }
            durableChanges = max(durableChanges, nodes[node].lastChange + 1)
            journal.removeAll { $0.change < durableChanges }
        }
    }

    /// The outermost part of a path that is not there; nil where all of it is.
    func firstMissing(of path: [String]) -> [String]? {
        path.indices.lazy.map { Array(path[...$0]) }.first { (try? find($0).get()) == nil }
    }

    /// Makes all names survive: a server that starts anew alone has committed what it said was done.
    mutating func restart() {
        durableChanges = changes
        journal = []
    }

    /// Makes everything survive.
    mutating func syncAll() {
        durableChanges = changes
        journal = []
        for node in nodes.indices where nodes[node].unsyncedHost != nil { sync(node) }
    }

    /// Loses what was not synced: some of the last changes of names, and content.
    ///
    /// File systems keep a journal of names, so what survives is all changes up to some one.
    mutating func cutPower(_ random: inout SeededRandom) -> [Edit] {
        let kept = Int.random(in: durableChanges...changes, using: &random)
        var undone: [Edit] = []
        for (change, edits) in journal.reversed() where change >= kept {
            for edit in edits.reversed() {
                let name = edit.path[edit.path.count - 1]
                let isBack = edit.kind != .added
                nodes[edit.directory].entries[name] = isBack ? edit.entry : nil
                undone.append(
                    Edit(
                        kind: isBack ? .added : .removed,
                        directory: edit.directory,
                        path: edit.path,
                        node: edit.node,
                        entry: edit.entry
                    )
                )
            }
        }
        journal = []
        durableChanges = changes
        for node in nodes.indices { nodes[node].events = [] }
        for node in nodes.indices where nodes[node].unsyncedHost != nil { tear(node, &random) }
        return undone
    }

    /// Loses what a machine had written and not synced.
    mutating func crash(host: Int, _ random: inout SeededRandom) {
        for node in nodes.indices where nodes[node].unsyncedHost == host { tear(node, &random) }
    }

    private mutating func tear(_ node: Int, _ random: inout SeededRandom) {
        let content = nodes[node].content
        switch Int.random(in: 0..<3, using: &random) {
        case 0: nodes[node].content = nodes[node].durable ?? []
        case 1: nodes[node].content = Array(content.prefix(Int.random(in: 0...content.count, using: &random)))
        default: break
        }
        sync(node)
    }
}
