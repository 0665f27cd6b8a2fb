// SPDX-License-Identifier: MIT

public import FoundationEssentials
public import SystemSupport

/// A job's description that only its kind understands; its JSON is the same wherever it is written.
public protocol JobPayload: Codable, Equatable, Sendable {
    /// The name of the jobs' kind.
    static var kind: String { get }
}

extension JobPayload {
    /// The payload as JSON with sorted keys.
    public func encoded() throws -> [UInt8] { try Array(canonicalJSON(self)) }

    /// Reads a payload.
    public init(decoding bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(bytes))
    }
}

/// JSON with sorted keys and without white space.
public func canonicalJSON(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
}

/// Runs one network on a range of images and writes one shard for each layer.
public struct ActivationsPayload: JobPayload {
    /// The name of these jobs' kind.
    public static let kind = "activations"

    /// A layer and the array that its shard belongs to.
    public struct Target: Codable, Equatable, Sendable {
        /// The layer.
        public let layer: String
        /// The array's address.
        public let array: ContentDigest
    }

    /// The network, edits included, in the cache of weights.
    public let weights: ContentDigest
    /// Whether the network applies batch norm.
    public let batchNorm: Bool
    /// The list of images in the cache of data sets.
    public let images: ContentDigest
    /// What tells the set of images from any other, whatever the files are called.
    public let imageSet: ContentDigest
    /// The number of images in that list.
    public let imageCount: Int
    /// The most memory that decoding one of them takes.
    public let decodingBytes: Int
    /// The rows of one shard; the last one may have fewer.
    public let shardRows: Int
    /// Which shard this job makes.
    public let shard: Int
    /// The layers.
    public let targets: [Target]
    /// How arrays are written.
    public let options: Campaign.ArrayOptions
    /// What images may be.
    public let limits: Campaign.Limits
    /// The instructions that it is pinned to, where it is.
    public let instructions: String?
}

/// Takes a range of rows of an array that another program made, and writes one shard of activations.
public struct ImportPayload: JobPayload {
    /// The name of these jobs' kind.
    public static let kind = "import"

    /// Where the array lies: a path from the root, or an address.
    public let source: String
    /// Which of the array's rows are taken, each with the digest of its numbers, in the cache of data sets.
    public let rows: ContentDigest
    /// The number of those rows.
    public let count: Int
    /// The sizes of a row.
    public let rowShape: [Int]
    /// The layer.
    public let layer: String
    /// The array's address in the job directory.
    public let array: ContentDigest
    /// The list of images that the rows belong to, in the cache of data sets.
    public let images: ContentDigest
    /// The rows of one shard; the last one may have fewer.
    public let shardRows: Int
    /// Which shard this job makes.
    public let shard: Int
    /// How arrays are written.
    public let options: Campaign.ArrayOptions
}

/// Makes a range of rows of the centred Gram matrix of one layer for one epoch.
public struct GramPayload: JobPayload {
    /// The name of these jobs' kind.
    public static let kind = "gram"

    /// The activations' array.
    public let activations: ContentDigest
    /// The epoch's rows of that array, in the order of the Gram matrix, in the cache of data sets.
    public let rows: ContentDigest
    /// The number of those rows.
    public let count: Int
    /// The Gram matrix's array.
    public let gram: ContentDigest
    /// Which rows of the Gram matrix, in panels of `GramLayout.panelRows`.
    public let panel: Int
    /// How arrays are written.
    public let options: Campaign.ArrayOptions
    /// The instructions that it is pinned to, where it is.
    public let instructions: String?
}

/// Sums products of Gram matrices over some groups of rows of one epoch.
public struct HSICPayload: JobPayload {
    /// The name of these jobs' kind.
    public static let kind = "hsic"

    /// Gram matrices of which all pairs are wanted: one layer's, of all models.
    public struct Block: Codable, Equatable, Sendable {
        /// The layer.
        public let layer: String
        /// The Gram matrices' arrays.
        public let grams: [ContentDigest]
    }

    /// The number of images of the epoch.
    public let count: Int
    /// Each group's first row and the one after its last.
    public let groups: [[Int]]
    /// What is compared.
    public let blocks: [Block]
    /// The instructions that it is pinned to, where it is.
    public let instructions: String?
}

/// Makes pictures of some neurons of one layer of one network.
public struct LucidPayload: JobPayload {
    /// The name of these jobs' kind.
    public static let kind = "lucid"

    /// The network, edits included, in the cache of weights.
    public let weights: ContentDigest
    /// Whether the network applies batch norm.
    public let batchNorm: Bool
    /// The layer.
    public let layer: String
    /// The neurons, ascending; none where a direction is pictured.
    public let neurons: [Int]
    /// The direction in the cache of data sets, where one is pictured.
    public let direction: ContentDigest?
    /// How pictures are made.
    public let settings: PictureSettings
    /// The instructions that it is pinned to, where it is.
    public let instructions: String?
}

/// Finds the images of the data set that drive some neurons of one layer most.
public struct ExemplarsPayload: JobPayload {
    /// The name of these jobs' kind.
    public static let kind = "exemplars"
    /// How many images are found for a neuron.
    public static let imagesPerNeuron = 4

    /// The layer's activations.
    public let activations: ContentDigest
    /// The layer.
    public let layer: String
    /// The neurons, ascending; none where a direction is pictured.
    public let neurons: [Int]
    /// The direction in the cache of data sets, where one is pictured.
    public let direction: ContentDigest?
    /// What is to be large.
    public let objective: PictureSettings.Objective
    /// The list of images in the cache of data sets.
    public let images: ContentDigest
    /// The number of images in that list.
    public let imageCount: Int
    /// The most memory that decoding one of them takes.
    public let decodingBytes: Int
    /// What images may be.
    public let limits: Campaign.Limits
    /// The instructions that it is pinned to, where it is.
    public let instructions: String?
}

/// What any payload says of the instructions that a worker must run it with.
public struct PinnedPayload: Decodable, Sendable {
    /// The instructions, or nil for any.
    public let instructions: String?

    /// Reads them; nil where the payload names none.
    public init(decoding bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(bytes))
    }
}

/// How Gram matrices are cut up.
public enum GramLayout {
    /// Rows that one job makes, and rows of one shard.
    public static let panelRows = 2048
    /// Rows of one chunk.
    public static let chunkRows = 64

    /// The number of panels of so many rows.
    public static func panels(of count: Int) -> Int { (count + panelRows - 1) / panelRows }
}
