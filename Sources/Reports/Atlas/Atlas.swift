// SPDX-License-Identifier: MIT

/// All pictures of a campaign's neurons, as far as they are there.
public struct Atlas: Equatable, Sendable {
    /// A setting of the campaign that all pictures share.
    public struct Parameter: Equatable, Sendable {
        /// What something is set to: a member of `index.json` of the same kind, and words on the page.
        public enum Value: Equatable, Sendable, CustomStringConvertible {
            /// Words, or one of several choices.
            case text(String)
            /// A whole number.
            case number(Int)
            /// Whole numbers, in order.
            case numbers([Int])
            /// Whether it is so.
            case truth(Bool)

            /// The value as people read it.
            public var description: String {
                switch self {
                case .text(let text): text
                case .number(let number): "\(number)"
                case .numbers(let numbers): numbers.map(String.init).joined(separator: ", ")
                case .truth(let isTrue): isTrue ? "yes" : "no"
                }
            }
        }

        /// What is set.
        public let name: String
        /// What it is set to.
        public let value: Value

        /// Describes a setting.
        public init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// How a campaign ended that did not come to all its pictures.
    public enum Ending: String, Equatable, Sendable {
        /// A user cancelled it.
        case cancelled
        /// Some of its jobs could not be done.
        case failed
    }

    /// The campaign's id.
    public let campaign: String
    /// The models, in the campaign's order; the others are compared with the first.
    public let models: [String]
    /// The layers, in the network's order.
    public let layers: [String]
    /// The settings, in the order in which they are shown.
    public let parameters: [Parameter]
    /// How many pictures were asked for, those that failed counted.
    public let expected: Int
    /// How the campaign ended where it was not done; nil while it runs and where it is complete.
    public let ending: Ending?
    /// The pictures: by layer, model, channel, threshold and variant.
    public let pictures: [AtlasPicture]
    /// How far each picture is from the base model's of the same neuron, 0 to 1; nil where one of them is missing.
    public let differences: [Double?]
    /// The images that drive the neurons most: by layer, model, channel and rank.
    public let exemplars: [Exemplar]

    /// Puts an atlas together, in an order that does not depend on that of arrival.
    ///
    /// Pictures and exemplars of models and layers that are not listed are left out.
    public init(
        campaign: String,
        models: [String],
        layers: [String],
        parameters: [Parameter],
        expected: Int,
        ending: Ending?,
        pictures: [AtlasPicture],
        exemplars: [Exemplar]
    ) {
        self.campaign = campaign
        self.models = models
        self.layers = layers
        self.parameters = parameters
        self.expected = expected
        self.ending = ending
        let models = Dictionary(models.enumerated().map { ($1, $0) }) { first, _ in first }
        let layers = Dictionary(layers.enumerated().map { ($1, $0) }) { first, _ in first }
        self.pictures = inOrder(pictures) { picture in
            guard let layer = layers[picture.layer], let model = models[picture.model] else { return nil }
            return [layer, model, picture.channel ?? -1, picture.threshold, picture.variant ?? -1]
        }
        self.exemplars = inOrder(exemplars) { exemplar in
            guard let layer = layers[exemplar.layer], let model = models[exemplar.model] else { return nil }
            return [layer, model, exemplar.channel ?? -1, exemplar.rank]
        }
        differences = Self.differences(of: self.pictures, base: self.models.first)
    }

    private static func differences(of pictures: [AtlasPicture], base: String?) -> [Double?] {
        struct Key: Hashable {
            let layer: String
            let channel: Int?
            let threshold: Int
            let variant: Int?

            init(_ picture: AtlasPicture) {
                layer = picture.layer
                channel = picture.channel
                threshold = picture.threshold
                variant = picture.variant
            }
        }
        var signatures: [Key: PictureSignature] = [:]
        for picture in pictures where picture.model == base { signatures[Key(picture)] = picture.signature }
        return pictures.map { picture in
            guard picture.model != base, let other = signatures[Key(picture)] else { return nil }
            return picture.signature?.difference(from: other)
        }
    }
}

/// Sorts by keys, each computed once; drops what has none, and keeps the order of what has the same.
private func inOrder<Element>(_ elements: [Element], _ key: (Element) -> [Int]?) -> [Element] {
    let keys = elements.map(key)
    return elements.indices.filter { keys[$0] != nil }
        .sorted { first, second in
            let (a, b) = (keys[first] ?? [], keys[second] ?? [])
            return a == b ? first < second : a.lexicographicallyPrecedes(b)
        }
        .map { elements[$0] }
}
