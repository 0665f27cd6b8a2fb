// SPDX-License-Identifier: MIT

private import Campaigns
public import JobStorage
private import Networks
public import SystemPackage
private import TensorStorage

/// Which shards a job makes.
public enum JobOutputs {
    /// The shards' paths; none for jobs whose output is their result.
    ///
    /// - Throws: an error of decoding where the payload is not one of its kind.
    public static func paths(of job: JobSpecification, in directory: JobDirectory) throws -> [FilePath] {
        switch job.kind {
        case ActivationsPayload.kind:
            let payload = try ActivationsPayload(decoding: job.payload)
            return try payload.targets.compactMap { target in
                guard let layer = InceptionV1.layer(named: target.layer) else { return nil }
                let metadata = try ArrayLayouts.activations(layer, payload)
                let coordinates = [payload.shard] + [Int](repeating: 0, count: metadata.shape.count - 1)
                return ArrayFiles.shard(directory.array(target.array), metadata, coordinates)
            }
        case GramPayload.kind:
            let payload = try GramPayload(decoding: job.payload)
            let array = directory.array(payload.gram)
            return [ArrayFiles.shard(array, try ArrayLayouts.gram(payload), [payload.panel, 0])]
        default: return []
        }
    }
}
