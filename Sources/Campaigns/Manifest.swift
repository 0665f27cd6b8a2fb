// SPDX-License-Identifier: MIT

public import SystemSupport

/// A campaign with everything that it names looked up: what its plan and its report are made from.
public struct CampaignManifest: Codable, Equatable, Sendable {
    /// A model and the digest of its weights, edits included.
    public struct Model: Codable, Equatable, Sendable {
        /// The name.
        public let name: String
        /// The digest of its file in the cache of weights.
        public let weights: ContentDigest
        /// Whether it applies batch norm.
        public let batchNorm: Bool

        /// Describes a model.
        public init(name: String, weights: ContentDigest, batchNorm: Bool) {
            self.name = name
            self.weights = weights
            self.batchNorm = batchNorm
        }
    }

    /// An epoch: the rows of the activations that it draws, in the order of its Gram matrices.
    public struct Epoch: Codable, Equatable, Sendable {
        /// The list of rows in the cache of data sets.
        public let rows: ContentDigest
        /// Each jackknife group's first row and the one after its last.
        public let groups: [[Int]]

        /// Describes an epoch.
        public init(rows: ContentDigest, groups: [[Int]]) {
            self.rows = rows
            self.groups = groups
        }
    }

    /// The campaign's id.
    public let campaign: String
    /// The models, in the campaign's order.
    public let models: [Model]
    /// The layers, in the network's order.
    public let layers: [String]
    /// The pairs of models.
    public let pairs: [[String]]
    /// Images an epoch.
    public let imagesPerEpoch: Int
    /// The epochs.
    public let epochs: [Epoch]
    /// The list of all images that any epoch draws, in the cache of data sets.
    public let images: ContentDigest
    /// The digest of those images' contents, in order.
    public let imageSet: ContentDigest
    /// How many they are.
    public let imageCount: Int
    /// The most memory that decoding one of the data set's images takes.
    public let decodingBytes: Int
    /// How they are made ready for the network.
    public let preprocessing: String
    /// How arrays are written.
    public let options: Campaign.ArrayOptions
    /// What images may be.
    public let limits: Campaign.Limits
    /// Which campaign's jobs go first.
    public let priority: Int

    /// Describes a campaign.
    public init(
        campaign: String,
        models: [Model],
        layers: [String],
        pairs: [[String]],
        imagesPerEpoch: Int,
        epochs: [Epoch],
        images: ContentDigest,
        imageSet: ContentDigest,
        imageCount: Int,
        decodingBytes: Int,
        preprocessing: String,
        options: Campaign.ArrayOptions,
        limits: Campaign.Limits,
        priority: Int
    ) {
        self.campaign = campaign
        self.models = models
        self.layers = layers
        self.pairs = pairs
        self.imagesPerEpoch = imagesPerEpoch
        self.epochs = epochs
        self.images = images
        self.imageSet = imageSet
        self.imageCount = imageCount
        self.decodingBytes = decodingBytes
        self.preprocessing = preprocessing
        self.options = options
        self.limits = limits
        self.priority = priority
    }

    // MARK: Addresses

    /// The numeric version: a change of kernels that changes results beyond rounding makes new arrays.
    static let numericVersion = "1"

    /// Images of one shard: some eight jobs a model where there are few images, files that stay few where there are many.
    public var shardRows: Int { min(256, max(32, (imageCount / 8 + 3) / 4 * 4)) }

    /// The address of a layer's activations: all that their values and their form depend on.
    public func activations(of model: Model, layer: String) -> ContentDigest {
        ContentDigest(
            of: [
                "activations", Self.numericVersion, model.weights.hexadecimal, "\(model.batchNorm)", layer,
                preprocessing,
                imageSet.hexadecimal, "\(shardRows)", options.dtype, options.codec,
            ].joined(separator: "\n")
        )
    }

    /// The address of an epoch's Gram matrix.
    public func gram(of model: Model, layer: String, epoch: Epoch) -> ContentDigest {
        ContentDigest(
            of: [
                "gram", Self.numericVersion, activations(of: model, layer: layer).hexadecimal, epoch.rows.hexadecimal,
                "\(GramLayout.panelRows)",
            ].joined(separator: "\n")
        )
    }

    /// Models of which every one has weights of its own; two names of the same network count once.
    public var distinctModels: [Model] {
        var seen: Set<String> = []
        return models.filter { seen.insert("\($0.weights) \($0.batchNorm)").inserted }
    }
}
