// SPDX-License-Identifier: MIT

private import FoundationEssentials
public import JobStorage
public import SystemPackage
private import SystemSupport
private import TensorStorage

/// Finds damage in files of arrays.
public struct ArrayInspection: Sendable {
    private let directory: JobDirectory

    /// Looks into a job directory.
    public init(_ directory: JobDirectory) {
        self.directory = directory
    }

    /// Whether a file of an array can be read to its end; a shard is decoded chunk by chunk.
    ///
    /// Where the file cannot be judged, because the disk refuses it or because the array's description is itself lost,
    /// it counts as readable: only what is known to be damaged is made again.
    public func isReadable(_ file: FilePath) -> Bool {
        var inside = file
        guard let array = directory.array(holding: file), inside.removePrefix(array) else { return true }
        // Else the name may still lead to a file that was put away.
        _ = try? directory.fileSystem.refreshDirectories(above: file)
        switch file.lastComponent?.string {
        case ArrayFiles.metadataName: return isSound { _ = try ZarrReader(directory: array) }
        case ArrayFiles.imagesName: return true
        case FeatureMeans.fileName:
            let bytes = try? directory.fileSystem.contents(of: file, limit: 4096)
            return bytes.map { (try? JSONDecoder().decode(FeatureMeans.self, from: Data($0))) != nil } ?? true
        default:
            guard let reader = try? ZarrReader(directory: array) else { return true }
            let coordinates = inside.components.compactMap { Int($0.string) }
            guard coordinates.count == reader.metadata.shape.count else { return true }
            return isSound { try reader.checkShard(coordinates) }
        }
    }

    private func isSound(_ read: () throws -> Void) -> Bool {
        do {
            try read()
            return true
        } catch let error as ShardError {
            return error.reason == .missingFile
        } catch let error as FileError {
            return error.errno != .ioError
        } catch {
            return true
        }
    }
}
