// SPDX-License-Identifier: MIT

private import Campaigns
public import JobStorage
private import Networks
public import SystemPackage
private import TensorStorage

/// Which files of arrays a job makes.
public enum JobOutputs {
    /// The paths of shards and of what is needed to read them; none for jobs whose output is their result.
    ///
    /// - Throws: an error of decoding where the payload is not one of its kind.
    public static func paths(of job: JobSpecification, in directory: JobDirectory) throws -> [FilePath] {
        switch job.kind {
        case ActivationsPayload.kind:
            let payload = try ActivationsPayload(decoding: job.payload)
            return try payload.targets.flatMap { target -> [FilePath] in
                guard let layer = InceptionV1.layer(named: target.layer) else { return [] }
                let metadata = try ArrayLayouts.activations(layer, payload)
                return activations(directory.array(target.array), metadata, payload.shard)
            }
        case ImportPayload.kind:
            let payload = try ImportPayload(decoding: job.payload)
            return activations(directory.array(payload.array), try ArrayLayouts.imported(payload), payload.shard)
        case GramPayload.kind:
            let payload = try GramPayload(decoding: job.payload)
            let array = directory.array(payload.gram)
            return [
                ArrayFiles.shard(array, try ArrayLayouts.gram(payload), [payload.panel, 0]),
                array.appending(ArrayFiles.metadataName), array.appending(FeatureMeans.fileName),
            ]
        default: return []
        }
    }

    /// A shard of activations, and what is needed to read it.
    private static func activations(_ array: FilePath, _ metadata: ArrayMetadata, _ shard: Int) -> [FilePath] {
        [
            ArrayFiles.shard(array, metadata, shard), array.appending(ArrayFiles.metadataName),
            array.appending(ArrayFiles.imagesName),
        ]
    }
}

/// Which arrays a job reads.
public enum JobInputs {
    /// The arrays' directories; none for jobs that read images.
    ///
    /// - Throws: an error of decoding where the payload is not one of its kind.
    public static func arrays(of job: JobSpecification, in directory: JobDirectory) throws -> [FilePath] {
        switch job.kind {
        case GramPayload.kind: [directory.array(try GramPayload(decoding: job.payload).activations)]
        case ExemplarsPayload.kind: [directory.array(try ExemplarsPayload(decoding: job.payload).activations)]
        case HSICPayload.kind:
            try HSICPayload(decoding: job.payload).blocks.flatMap(\.grams).map { directory.array($0) }
        default: []
        }
    }
}
