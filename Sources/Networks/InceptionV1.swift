// SPDX-License-Identifier: MIT

public import ComputeEngine

/// A stage of the network whose raw output can be looked at: a convolution before batch norm and ReLU, or the logits.
public struct Layer: Hashable, Sendable {
    /// The name, for instance "mixed4a_3x3".
    public let name: String
    /// The number of neurons: channels of a convolution, outputs of the last layer.
    public let neuronCount: Int
    /// The channels that it reads.
    public let inputChannels: Int
    /// Its window; nil for the fully connected last layer.
    public let window: Window?
    /// Rows and columns of the output for the reference's input of 224 × 224; 1 for the last layer.
    public let side: Int

    /// Values of one image.
    public var featureCount: Int { neuronCount * side * side }

    /// The shape of one image's activations: channels, rows, columns, or outputs alone for the last layer.
    public var activationShape: [Int] { window == nil ? [neuronCount] : [neuronCount, side, side] }

    /// The start of its tensors' names in a state dictionary.
    var key: String { window == nil ? name : name + "_pre_relu_conv" }
    /// The start of its batch norm's names in a state dictionary.
    var batchNormKey: String? { window == nil ? nil : name + "_pre_relu_bn" }

    /// The shape of its weights: outputs, inputs, rows, columns; outputs and inputs alone for the last layer.
    public var weightShape: [Int] {
        guard let window else { return [neuronCount, inputChannels] }
        return [neuronCount, inputChannels, window.side, window.side]
    }
}

/// One of the nine blocks of four branches whose outputs are put together.
struct InceptionBlock {
    let name: String
    let input: Int
    let one: Int
    let threeBottleneck: Int
    let three: Int
    let fiveBottleneck: Int
    let five: Int
    let poolReduce: Int
    let side: Int
    /// Whether a pooling of stride 2 comes before it.
    let isPooledBefore: Bool
}

/// The network of Szegedy and others (2014, "Going Deeper with Convolutions") as Google published it in "inception5h".
public enum InceptionV1 {
    /// Rows and columns of the input that the data sets are brought to.
    public static let inputSide = 224

    /// Local response normalisation's factor, as in the published graph.
    static let normalizationAlpha: Float = 9.99999974738e-05

    static let pointwise = Window(side: 1, stride: 1, leadingPadding: 0, trailingPadding: 0)
    static let three = Window(side: 3, stride: 1, leadingPadding: 1, trailingPadding: 1)
    static let five = Window(side: 5, stride: 1, leadingPadding: 2, trailingPadding: 2)
    static let stem = Window(side: 7, stride: 2, leadingPadding: 2, trailingPadding: 3)
    static let halving = Window(side: 3, stride: 2, leadingPadding: 0, trailingPadding: 1)

    static let blocks: [InceptionBlock] = [
        block("mixed3a", 192, 64, 96, 128, 16, 32, 32, side: 28),
        block("mixed3b", 256, 128, 128, 192, 32, 96, 64, side: 28),
        block("mixed4a", 480, 192, 96, 204, 16, 48, 64, side: 14, isPooledBefore: true),
        block("mixed4b", 508, 160, 112, 224, 24, 64, 64, side: 14),
        block("mixed4c", 512, 128, 128, 256, 24, 64, 64, side: 14),
        block("mixed4d", 512, 112, 144, 288, 32, 64, 64, side: 14),
        block("mixed4e", 528, 256, 160, 320, 32, 128, 128, side: 14),
        block("mixed5a", 832, 256, 160, 320, 48, 128, 128, side: 7, isPooledBefore: true),
        block("mixed5b", 832, 384, 192, 384, 48, 128, 128, side: 7),
    ]

    /// All layers that can be looked at, in the order of the reference's `layer_info`.
    public static let layers: [Layer] = {
        var layers = [
            Layer(name: "conv2d0", neuronCount: 64, inputChannels: 3, window: stem, side: 112),
            Layer(name: "conv2d1", neuronCount: 64, inputChannels: 64, window: pointwise, side: 56),
            Layer(name: "conv2d2", neuronCount: 192, inputChannels: 64, window: three, side: 56),
        ]
        for block in blocks {
            func layer(_ suffix: String, _ input: Int, _ output: Int, _ window: Window) {
                layers.append(
                    Layer(
                        name: "\(block.name)_\(suffix)",
                        neuronCount: output,
                        inputChannels: input,
                        window: window,
                        side: block.side
                    )
                )
            }
            layer("1x1", block.input, block.one, pointwise)
            layer("3x3_bottleneck", block.input, block.threeBottleneck, pointwise)
            layer("5x5_bottleneck", block.input, block.fiveBottleneck, pointwise)
            layer("pool_reduce", block.input, block.poolReduce, pointwise)
            layer("3x3", block.threeBottleneck, block.three, three)
            layer("5x5", block.fiveBottleneck, block.five, five)
        }
        layers.append(Layer(name: "logits", neuronCount: 40, inputChannels: 1024, window: nil, side: 1))
        return layers
    }()

    /// The floating-point operations of an image of 224 pixels from the input to a layer, all branches before it included.
    public static func operations(upTo name: String) -> Int {
        let end = layers.firstIndex { $0.name == name } ?? layers.count - 1
        return layers[...end].reduce(0) { sum, layer in
            sum + 2 * layer.weightShape.reduce(1, *) * layer.side * layer.side
        }
    }

    private static let layersByName = Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0) })

    /// The layer of that name, or nil.
    public static func layer(named name: String) -> Layer? { layersByName[name] }

    private static func block(
        _ name: String,
        _ input: Int,
        _ one: Int,
        _ threeBottleneck: Int,
        _ three: Int,
        _ fiveBottleneck: Int,
        _ five: Int,
        _ poolReduce: Int,
        side: Int,
        isPooledBefore: Bool = false
    ) -> InceptionBlock {
        InceptionBlock(
            name: name,
            input: input,
            one: one,
            threeBottleneck: threeBottleneck,
            three: three,
            fiveBottleneck: fiveBottleneck,
            five: five,
            poolReduce: poolReduce,
            side: side,
            isPooledBefore: isPooledBefore
        )
    }
}
