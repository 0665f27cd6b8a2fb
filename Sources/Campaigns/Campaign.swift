// SPDX-License-Identifier: MIT

/// What a user asks for, as the campaign file says it; nothing is looked up yet.
///
/// Its JSON says what was asked and nothing else, so that its digest tells campaigns apart.
public struct Campaign: Encodable, Equatable, Sendable {
    /// The campaign's name.
    public let name: String
    /// The networks to compare, in the file's order.
    public let models: [Model]
    /// The images; nil where nothing that is asked for needs any.
    public let dataset: Dataset?
    /// The comparison.
    public let cka: Comparison?
    /// Activations that are wanted for themselves.
    public let activations: Activations?
    /// Pictures of neurons.
    public let lucid: Pictures?
    /// Whether results are the same on processors with other instructions.
    public let reproducible: Bool?
    /// Which campaign's jobs go first: 0 before 9.
    public let priority: Int
    /// How arrays are written.
    public let arrays: ArrayOptions
    /// Bounds on what images may be.
    public let limits: Limits

    /// A network by its source and the changes that are made to it, or activations of another program.
    public struct Model: Encodable, Equatable, Sendable {
        /// Activations of a layer that another program made.
        public struct LayerArray: Encodable, Equatable, Sendable {
            /// The layer, which need be none of our networks'.
            public let layer: String
            /// A `.npy` file or a Zarr folder: a path relative to the campaign file, or an address.
            public let source: String
            /// Where the file names it, which is no part of what was asked.
            public let place: Place

            private enum CodingKeys: CodingKey {
                case layer, source
            }
        }

        /// The name that reports use.
        public let name: String
        /// A file, relative to the campaign file, or "seeded:10"; nil where it has arrays.
        public let weights: String?
        /// The arrays, in the file's order, where it has no weights.
        public let arrays: [LayerArray]?
        /// A file with the names of the images that the arrays' rows belong to, relative to the campaign file.
        public let images: String?
        /// Whether batch norm is applied.
        public let batchNorm: Bool
        /// Whether a missing weight is an error.
        public let strict: Bool
        /// Changes of weights, in order.
        public let edits: [Edit]
        /// Where the file names it, which is no part of what was asked.
        public let place: Place

        private enum CodingKeys: CodingKey {
            case name, weights, arrays, images, batchNorm, strict, edits
        }
    }

    /// One change of weights.
    public struct Edit: Encodable, Equatable, Sendable {
        /// The layer.
        public let layer: String
        /// The neuron; nil for the whole layer.
        public let neuron: Int?
        /// "both", "weight" or "bias".
        public let mode: String
        /// The model whose values are taken; nil for a constant.
        public let from: String?
        /// The constant.
        public let value: Float?
    }

    /// Where the images are.
    public struct Dataset: Encodable, Equatable, Sendable {
        /// A folder, relative to the campaign file, the address of an archive, or the name of a published data set.
        public let images: String
        /// Whether it is the name of a published data set.
        public let isPublished: Bool?
        /// A file that names the images, relative to the campaign file; nil where the folder says which they are.
        public internal(set) var list: String?
        /// Whether images that cannot be read are left out, and do not fail the campaign; nil where nothing is said.
        public internal(set) var skipsUnreadable: Bool?
    }

    /// Which layers of which models are compared, on which images.
    public struct Comparison: Encodable, Equatable, Sendable {
        /// Names of layers, those of our networks in their order before others in the file's.
        public let layers: [String]
        /// Pairs of models, the one that the file names first before the other.
        public let pairs: [[String]]
        /// How many epochs are drawn.
        public let epochs: Int
        /// Batches an epoch.
        public let iterations: Int
        /// Images a batch.
        public let batchSize: Int
        /// A file of image lists to use instead of a draw.
        public let imageLists: String?
    }

    /// Which activations are kept.
    public struct Activations: Encodable, Equatable, Sendable {
        /// The models' names, in the campaign's order.
        public let models: [String]
        /// Names of layers, in the network's order.
        public let layers: [String]
    }

    /// Which neurons are pictured, and how.
    public struct Pictures: Encodable, Equatable, Sendable {
        /// Neurons of a layer, ascending; none where a direction in the layer's space is pictured.
        public struct Neurons: Codable, Equatable, Sendable {
            /// The layer.
            public let layer: String
            /// The neurons.
            public let neurons: [Int]
        }

        /// The models' names, in the campaign's order.
        public let models: [String]
        /// The neurons of each layer, in the network's order.
        public let neurons: [Neurons]
        /// How pictures are made.
        public let settings: PictureSettings
        /// A file with one number a channel of the layer, relative to the campaign file, where a direction is pictured.
        public let direction: String?
        /// Where the file names it, which is no part of what was asked.
        public let place: Place

        private enum CodingKeys: CodingKey {
            case models, neurons, settings, direction
        }
    }

    /// How activations are stored.
    public struct ArrayOptions: Codable, Equatable, Sendable {
        /// "float32" or "float16".
        public let dtype: String
        /// "zstd" or "shuffle-zstd".
        public let codec: String
    }

    /// The most that an image may have.
    public struct Limits: Codable, Equatable, Sendable {
        /// Bytes of an image's file.
        public let bytes: Int
        /// Pixels of an image.
        public let pixels: Int
        /// Files and folders of an archive of images; nil where nothing is said.
        public internal(set) var entries: Int?
    }

    /// A line and column, both from 1.
    public struct Place: Equatable, Sendable {
        /// The line.
        public let line: Int
        /// The column.
        public let column: Int

        /// Names a place.
        public init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }
    }
}
