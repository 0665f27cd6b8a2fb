// SPDX-License-Identifier: MIT

public import JobStorage
private import Networks
public import SystemSupport

/// A campaign with everything that it names looked up: what its plan and its report are made from.
public struct CampaignManifest: Codable, Equatable, Sendable {
    /// A model: a network, or activations of another program.
    public struct Model: Codable, Equatable, Sendable {
        /// A network by its weights.
        public struct Network: Codable, Hashable, Sendable {
            /// The digest of its file in the cache of weights, edits included.
            public let weights: ContentDigest
            /// Whether it applies batch norm.
            public let batchNorm: Bool

            /// Names a network.
            public init(weights: ContentDigest, batchNorm: Bool) {
                self.weights = weights
                self.batchNorm = batchNorm
            }
        }

        /// Activations of a layer that another program made.
        public struct LayerArray: Codable, Hashable, Sendable {
            /// The layer.
            public let layer: String
            /// Where they lie: a path from the root, or an address.
            public let source: String
            /// Which of their rows are taken, for the campaign's images in order, in the cache of data sets.
            public let rows: ContentDigest
            /// The digest of what these rows hold, wherever they lie.
            public let contents: ContentDigest
            /// The sizes of a row.
            public let rowShape: [Int]

            /// Describes an array.
            public init(
                layer: String,
                source: String,
                rows: ContentDigest,
                contents: ContentDigest,
                rowShape: [Int]
            ) {
                (self.layer, self.source, self.rows, self.contents) = (layer, source, rows, contents)
                self.rowShape = rowShape
            }

            /// What tells it from others, wherever it lies.
            fileprivate var identity: [String] { [layer, contents.hexadecimal, "\(rowShape)"] }
        }

        /// The name.
        public let name: String
        /// The network; nil where it has arrays.
        public let network: Network?
        /// The arrays of its layers, where it is no network.
        public let arrays: [LayerArray]?
        /// The layers whose activations there are, in the manifest's order.
        public let layers: [String]

        /// Describes a network.
        public init(name: String, network: Network, layers: [String]) {
            (self.name, self.network, self.layers, arrays) = (name, network, layers, nil)
        }

        /// Describes activations of another program.
        public init(name: String, arrays: [LayerArray]) {
            (self.name, self.arrays, network) = (name, arrays, nil)
            layers = CampaignManifest.inNetworkOrder(arrays.map(\.layer))
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

    /// The images that go through the networks.
    public struct Images: Codable, Equatable, Sendable {
        /// The list of them in the cache of data sets.
        public let list: ContentDigest
        /// The digest of their contents, in order.
        public let contents: ContentDigest
        /// How many they are.
        public let count: Int
        /// The most memory that decoding one of them takes.
        public let decodingBytes: Int
        /// How they are made ready for the network.
        public let preprocessing: String
        /// What they may be.
        public let limits: Campaign.Limits
        /// The data set that they were chosen from; nil where no file listed it.
        public let dataset: Dataset?

        /// Describes images.
        public init(
            list: ContentDigest,
            contents: ContentDigest,
            count: Int,
            decodingBytes: Int,
            preprocessing: String,
            limits: Campaign.Limits,
            dataset: Dataset? = nil
        ) {
            self.list = list
            self.contents = contents
            self.count = count
            self.decodingBytes = decodingBytes
            self.preprocessing = preprocessing
            self.limits = limits
            self.dataset = dataset
        }

        /// Images of one shard: some eight jobs a model where there are few images, files that stay few where there are many.
        public var shardRows: Int { min(256, max(32, (count / 8 + 3) / 4 * 4)) }

        /// Shards of an array of all images.
        var shardCount: Int { (count + shardRows - 1) / shardRows }
    }

    /// What is compared.
    public struct Comparison: Codable, Equatable, Sendable {
        /// The layers, in the network's order.
        public let layers: [String]
        /// The pairs of models.
        public let pairs: [[String]]
        /// Images an epoch.
        public let imagesPerEpoch: Int
        /// The epochs.
        public let epochs: [Epoch]

        /// Describes a comparison.
        public init(layers: [String], pairs: [[String]], imagesPerEpoch: Int, epochs: [Epoch]) {
            self.layers = layers
            self.pairs = pairs
            self.imagesPerEpoch = imagesPerEpoch
            self.epochs = epochs
        }
    }

    /// What is pictured.
    public struct Pictures: Codable, Equatable, Sendable {
        /// The models' names, in the campaign's order; others are compared with the first.
        public let models: [String]
        /// The neurons of each layer, in the network's order.
        public let neurons: [Campaign.Pictures.Neurons]
        /// How pictures are made.
        public let settings: PictureSettings
        /// The direction's file in the cache of data sets, where one is pictured.
        public let direction: ContentDigest?

        /// Describes pictures.
        public init(
            models: [String],
            neurons: [Campaign.Pictures.Neurons],
            settings: PictureSettings,
            direction: ContentDigest?
        ) {
            self.models = models
            self.neurons = neurons
            self.settings = settings
            self.direction = direction
        }
    }

    /// The campaign's id.
    public let campaign: String
    /// The models, in the campaign's order.
    public let models: [Model]
    /// The images; nil where none are needed.
    public let images: Images?
    /// What is compared; nil where nothing is.
    public let comparison: Comparison?
    /// What is pictured; nil where nothing is.
    public let pictures: Pictures?
    /// How arrays are written.
    public let options: Campaign.ArrayOptions
    /// Which campaign's jobs go first.
    public let priority: Int
    /// Whether results are the same on processors with other instructions.
    public let reproducible: Bool

    /// Describes a campaign.
    public init(
        campaign: String,
        models: [Model],
        images: Images?,
        comparison: Comparison?,
        pictures: Pictures?,
        options: Campaign.ArrayOptions,
        priority: Int,
        reproducible: Bool
    ) {
        self.campaign = campaign
        self.models = models
        self.images = images
        self.comparison = comparison
        self.pictures = pictures
        self.options = options
        self.priority = priority
        self.reproducible = reproducible
    }

    /// The job that does what a payload says, as the campaign's plan and its merge both name it.
    ///
    /// - Throws: an error of encoding.
    public func job<Payload: JobPayload>(_ payload: Payload) throws -> JobSpecification {
        JobSpecification(kind: Payload.kind, payload: try payload.encoded(), priority: priority)
    }

    /// Layers in the order of the network, each once; those that it does not have follow in the order given.
    public static func inNetworkOrder(_ layers: some Sequence<String>) -> [String] {
        let ours = InceptionV1.layers.map(\.name)
        var left = Set(layers)
        let known = ours.filter { left.remove($0) != nil }
        return known + layers.filter { left.remove($0) != nil }
    }

    // MARK: Addresses

    /// The numeric version: a change of kernels that changes results beyond rounding makes new arrays.
    static let numericVersion = "1"

    /// The address of a layer's activations: all that their values and their form depend on.
    public func activations(of model: Model, layer: String, _ images: Images) -> ContentDigest {
        let form = [images.contents.hexadecimal, "\(images.shardRows)", options.dtype, options.codec]
        if let array = model.array(of: layer) {
            // Taken as they are, on any processor.
            let parts = ["import", array.contents.hexadecimal, "\(array.rowShape)", layer] + form
            return ContentDigest(of: parts.joined(separator: "\n"))
        }
        let network = model.network.map { [$0.weights.hexadecimal, "\($0.batchNorm)"] } ?? []
        let parts = ["activations", Self.numericVersion] + network + [layer, images.preprocessing] + form
        return ContentDigest(of: (parts + instructions).joined(separator: "\n"))
    }

    /// The address of an epoch's Gram matrix.
    public func gram(of model: Model, layer: String, epoch: Epoch, _ images: Images) -> ContentDigest {
        let parts = [
            "gram", Self.numericVersion, activations(of: model, layer: layer, images).hexadecimal,
            epoch.rows.hexadecimal, "\(GramLayout.panelRows)",
        ]
        return ContentDigest(of: (parts + instructions).joined(separator: "\n"))
    }

    /// What the instructions that a campaign is pinned to add to an address: never what a worker happens to have.
    private var instructions: [String] { pinnedInstructions.map { [$0] } ?? [] }

    /// The instructions that the campaign's jobs are pinned to.
    var pinnedInstructions: String? { reproducible ? PinnedInstructions.name : nil }

    /// Models of which each is another one; two names of the same network count once, with the layers of both.
    public var distinctModels: [Model] {
        var places: [Model.Identity: Int] = [:]
        var models: [Model] = []
        for model in self.models {
            guard let place = places[model.identity] else {
                places[model.identity] = models.count
                models.append(model)
                continue
            }
            models[place] = models[place].adding(layers: model.layers)
        }
        return models
    }

    /// The distinct models that have a layer, in order: those whose Gram matrices are made.
    public func distinctModels(with layer: String) -> [Model] { distinctModels.filter { $0.layers.contains(layer) } }

    /// The first model that is the same as the named one.
    public func distinctModel(of name: String) -> Model? {
        guard let model = models.first(where: { $0.name == name }) else { return nil }
        return distinctModels.first { $0.isSame(as: model) }
    }
}

extension CampaignManifest.Model {
    /// Whether two names mean the same network, or the same arrays.
    public func isSame(as other: Self) -> Bool { identity == other.identity }

    /// What tells a model from others, whatever it is called.
    public var identity: Identity { Identity(network: network, arrays: arrays?.map(\.identity)) }

    /// A network, or what arrays hold.
    public struct Identity: Hashable, Sendable {
        fileprivate let network: Network?
        fileprivate let arrays: [[String]]?
    }

    /// The array of a layer that another program made.
    public func array(of layer: String) -> LayerArray? { arrays?.first { $0.layer == layer } }

    fileprivate func adding(layers more: [String]) -> Self {
        guard let network else { return self }
        return Self(name: name, network: network, layers: CampaignManifest.inNetworkOrder(layers + more))
    }
}

/// The instructions that jobs are pinned to whose results are to be the same on other processors.
public enum PinnedInstructions {
    /// The oldest that all machines are taken to have.
    public static let name = "avx2"
}
