// SPDX-License-Identifier: MIT

internal import JobStorage
internal import SystemPackage
internal import SystemSupport

/// Reads the server's tree by the job directory's own code, past every cache and fault.
final class Oracle: Sendable {
    private let view: View
    private let directory: JobDirectory

    /// Opens the job directory in a tree.
    init(
        _ tree: Tree,
        root: FilePath,
        platform: any Platform,
        safeguardOut: Safeguard?
    ) throws(JobDirectoryError) {
        view = View(safeguardOut)
        view.show(tree)
        directory = try JobDirectory.open(at: root, trustOwner: nil, fileSystem: view, platform: platform)
    }

    /// Asks something of the job directory as it is in a tree.
    func look<Result, Failure: Error>(
        _ tree: Tree,
        _ body: (JobDirectory) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        view.show(tree)
        defer { view.show(nil) }
        return try body(directory)
    }
}

/// A tree that can only be read.
private final class View: FileSystem {
    private let tree = Monitor<Tree?>(nil)
    private let safeguardOut: Safeguard?

    init(_ safeguardOut: Safeguard?) { self.safeguardOut = safeguardOut }

    func show(_ tree: Tree?) { self.tree.withLock { $0 = tree } }

    private func ask<Value>(
        _ call: Call,
        _ path: FilePath,
        _ body: (Tree, [String]) -> Result<Value, Errno>
    ) throws(FileError) -> Value {
        let tree = tree.withLock { $0 }
        guard let tree else { throw FileError(call.operation, path, .badFileDescriptor) }
        switch body(tree, Safeguard.actual(Tree.components(path).inQueue, without: safeguardOut)) {
        case .success(let value): return value
        case .failure(let errno): throw FileError(call.operation, path, errno)
        }
    }

    func seenNames(in directory: FilePath) throws(FileError) -> [String] {
        try ask(.list, directory) { $0.names($1) }
    }

    func seenContents(of file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        try ask(.read, file) { $0.contents($1) }
    }

    func isSeen(_ path: FilePath) throws(FileError) -> Bool {
        try ask(.look, path) { tree, names in .success((try? tree.find(names).get()) != nil) }
    }

    func refresh(_ directory: FilePath) throws(FileError) {
        try ask(.look, directory) { tree, names in tree.find(names).map { _ in () } }
    }

    func seenAccess(to path: FilePath) throws(FileError) -> FileAccess {
        FileAccess(owner: currentUserIdentifier(), isWorldWritable: false)
    }

    private func refuse(_ path: FilePath) -> FileError { FileError("write", path, .readOnlyFileSystem) }

    func create(_ file: FilePath, contents: [UInt8], durably: Bool) throws(FileError) { throw refuse(file) }
    func append(_ contents: [UInt8], to file: FilePath) throws(FileError) { throw refuse(file) }
    func overwrite(_ file: FilePath, contents: [UInt8]) throws(FileError) { throw refuse(file) }
    func rename(_ source: FilePath, to destination: FilePath) throws(FileError) { throw refuse(source) }
    func link(_ source: FilePath, to destination: FilePath) throws(FileError) { throw refuse(source) }
    func makeDirectory(_ directory: FilePath) throws(FileError) { throw refuse(directory) }
    func synchronize(directory: FilePath) throws(FileError) { throw refuse(directory) }
    func synchronizeAll(holding directory: FilePath) throws(FileError) { throw refuse(directory) }
    func remove(_ file: FilePath) throws(FileError) { throw refuse(file) }
    func removeDirectory(_ directory: FilePath) throws(FileError) { throw refuse(directory) }
}

extension [String] {
    /// A path without the name of the job directory, which is the tree's root.
    var inQueue: [String] { Array(dropFirst()) }
}
