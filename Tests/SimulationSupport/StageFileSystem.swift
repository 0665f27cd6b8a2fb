// SPDX-License-Identifier: MIT

internal import SystemPackage
internal import SystemSupport

/// A tree without faults or latency, for setting a simulation up.
final class StageFileSystem: FileSystem {
    private let state: Monitor<Tree>
    private let author: Tree.Author

    init(_ tree: Tree = Tree(), time: Duration = .zero) {
        state = Monitor(tree)
        author = Tree.Author(process: -1, host: -1, time: time)
    }

    var tree: Tree { state.withLock { $0 } }

    private func perform<Value: Sendable>(
        _ call: Call,
        _ path: FilePath,
        _ body: (inout Tree, [String]) -> Result<Value, Errno>
    ) throws(FileError) -> Value {
        switch state.withLock({ body(&$0, Tree.components(path).inQueue) }) {
        case .success(let value): return value
        case .failure(let errno): throw FileError(call.operation, path, errno)
        }
    }

    func seenNames(in directory: FilePath) throws(FileError) -> [String] {
        try perform(.list, directory) { $0.names($1) }
    }

    func seenContents(of file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        try perform(.read, file) { $0.contents($1) }
    }

    func isSeen(_ path: FilePath) throws(FileError) -> Bool {
        try perform(.look, path) { tree, names in .success((try? tree.find(names).get()) != nil) }
    }

    func refresh(_ directory: FilePath) throws(FileError) {
        try perform(.look, directory) { tree, names in tree.find(names).map { _ in () } }
    }

    func create(_ file: FilePath, contents: [UInt8], durably: Bool) throws(FileError) {
        try perform(.create, file) { tree, path in
            tree.make(path, directory: false, by: author).map { tree.write($0, contents, by: author) }
        }
    }

    func append(_ contents: [UInt8], to file: FilePath) throws(FileError) {
        throw FileError("append to", file, .notSupported)
    }

    func overwrite(_ file: FilePath, contents: [UInt8]) throws(FileError) {
        try perform(.overwrite, file) { tree, path in tree.find(path).map { tree.write($0, contents, by: author) } }
    }

    func rename(_ source: FilePath, to destination: FilePath) throws(FileError) {
        try perform(.rename, source) { tree, path in
            tree.rename(path, Tree.components(destination).inQueue, replacing: false, by: author)
        }
    }

    func link(_ source: FilePath, to destination: FilePath) throws(FileError) {
        try perform(.link, source) { tree, path in
            tree.link(path, Tree.components(destination).inQueue, replacing: false, by: author)
        }
    }

    func makeDirectory(_ directory: FilePath) throws(FileError) {
        try perform(.makeDirectory, directory) { tree, path in
            tree.make(path, directory: true, by: author).map { _ in () }
        }
    }

    func synchronize(directory: FilePath) throws(FileError) { try synchronizeAll(holding: directory) }

    func synchronizeAll(holding directory: FilePath) throws(FileError) {
        try perform(.syncAll, directory) { tree, _ in
            tree.syncAll()
            return .success(())
        }
    }

    func seenAccess(to path: FilePath) throws(FileError) -> FileAccess {
        FileAccess(owner: currentUserIdentifier(), isWorldWritable: false)
    }

    func remove(_ file: FilePath) throws(FileError) {
        try perform(.remove, file) { $0.remove($1, directory: false, by: author) }
    }

    func removeDirectory(_ directory: FilePath) throws(FileError) {
        try perform(.removeDirectory, directory) { $0.remove($1, directory: true, by: author) }
    }
}
