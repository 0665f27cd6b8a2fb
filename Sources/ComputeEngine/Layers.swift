// SPDX-License-Identifier: MIT

internal import COneDNN

/// The shape of a batch of feature maps in the blocked layout.
///
/// Channels lie in blocks of `CPUEngine.channelBlock`: image, block, row, column, channel of the block;
/// the last block is filled up with zeros.
public struct MapShape: Hashable, Sendable {
    /// The number of images.
    public let images: Int
    /// The number of channels, without those that fill up the last block.
    public let channels: Int
    /// The number of rows.
    public let rows: Int
    /// The number of columns.
    public let columns: Int

    /// Describes square feature maps.
    public init(images: Int, channels: Int, side: Int) {
        self.init(images: images, channels: channels, rows: side, columns: side)
    }

    /// Describes feature maps.
    public init(images: Int, channels: Int, rows: Int, columns: Int) {
        self.images = images
        self.channels = channels
        self.rows = rows
        self.columns = columns
    }

    /// The number of rows and of columns of square maps.
    public var side: Int {
        precondition(rows == columns, "the maps must be square")
        return rows
    }

    /// The number of channels with those that fill up the last block.
    public var paddedChannels: Int {
        let block = CPUEngine.channelBlock
        return (channels + block - 1) / block * block
    }

    /// The number of values of one image, filling included.
    public var imageCount: Int { paddedChannels * rows * columns }

    /// The number of values in all.
    public var count: Int { images * imageCount }

    func description() throws(ComputeError) -> dnnl_memory_desc_t {
        try describe(
            [images, channels, rows, columns],
            CPUEngine.channelBlock == 16 ? dnnl_nChw16c : dnnl_nChw8c
        )
    }
}

/// A window that moves over feature maps: a square one, or one direction of it where the other has its own.
public struct Window: Hashable, Sendable {
    /// The number of rows and of columns.
    public let side: Int
    /// The step from one position to the next.
    public let stride: Int
    /// The rows added above and the columns added at the left.
    public let leadingPadding: Int
    /// The rows added below and the columns added at the right.
    public let trailingPadding: Int

    /// Describes a window.
    public init(side: Int, stride: Int, leadingPadding: Int, trailingPadding: Int) {
        self.side = side
        self.stride = stride
        self.leadingPadding = leadingPadding
        self.trailingPadding = trailingPadding
    }

    /// The number of positions along a side of the input.
    public func positions(over input: Int) -> Int {
        (input + leadingPadding + trailingPadding - side) / stride + 1
    }

    /// The rows, or columns, of the input that a position reaches.
    func range(at position: Int, over input: Int) -> Range<Int> {
        let first = position * stride - leadingPadding
        return max(0, first)..<min(input, first + side)
    }

    /// The positions along a side of the input whose windows do not reach outside.
    func wholePositions(over input: Int) -> Range<Int> {
        let first = (leadingPadding + stride - 1) / stride
        let last = (input - side + leadingPadding) / stride
        return input < side || last < first ? 0..<0 : first..<last + 1
    }
}

/// What the engine wants to know of a window, rows first.
struct WindowSizes {
    let kernel: [Int64]
    let strides: [Int64]
    let leading: [Int64]
    let trailing: [Int64]

    /// A window down the rows and one along the columns.
    init(rows: Window, columns: Window) {
        kernel = [Int64(rows.side), Int64(columns.side)]
        strides = [Int64(rows.stride), Int64(columns.stride)]
        leading = [Int64(rows.leadingPadding), Int64(columns.leadingPadding)]
        trailing = [Int64(rows.trailingPadding), Int64(columns.trailingPadding)]
    }
}

/// A layer as the engine runs it: a kernel, and its weights in the order that the kernel wants.
public struct PreparedLayer: Sendable {
    let engine: CPUEngine
    let primitive: Primitive
    let weights: FloatBuffer?
    let bias: FloatBuffer?

    /// The engine's name of the kernel, for instance "jit_wino_4x3:avx512_core".
    public var implementation: String { primitive.implementation }

    /// The number of values of the scratch region that a run needs.
    public var scratchCount: Int { primitive.scratchCount }

    /// The bytes of reordered weights that it holds.
    public var weightByteCount: Int { ((weights?.count ?? 0) + (bias?.count ?? 0)) * MemoryLayout<Float>.stride }

    /// The mean of each window, which must not reach outside the maps.
    public static func averagePooling(_ input: MapShape, window: Window) throws -> PreparedLayer {
        let engine = try CPUEngine.shared.get()
        let output = MapShape(images: input.images, channels: input.channels, side: window.positions(over: input.side))
        var source = try input.description()
        var destination = try output.description()
        var description = dnnl_pooling_desc_t()
        let name = "make a pooling over \(input)"
        let sizes = WindowSizes(rows: window, columns: window)
        try check(
            unsafe dnnl_pooling_forward_desc_init(
                &description,
                dnnl_forward_inference,
                dnnl_pooling_avg_exclude_padding,
                &source,
                &destination,
                sizes.strides,
                sizes.kernel,
                sizes.leading,
                sizes.trailing
            ),
            name
        )
        return PreparedLayer(
            engine: engine,
            primitive: try unsafe Primitive(&description, on: engine, for: name),
            weights: nil,
            bias: nil
        )
    }

    /// A fully connected layer: plain rows of features in, plain rows of outputs out.
    ///
    /// Weights are in the order output, input. Throws `ComputeError` where the engine has no kernel or no memory.
    public static func fullyConnected(rows: Int, weights: [Float], bias: [Float]) throws -> PreparedLayer {
        let engine = try CPUEngine.shared.get()
        let features = weights.count / bias.count
        precondition(weights.count == features * bias.count, "one weight an output and a feature")
        var source = try describe([rows, features], dnnl_nc)
        var kernel = try describe([bias.count, features], dnnl_format_tag_any)
        var biases = try describe([bias.count], dnnl_x)
        var destination = try describe([rows, bias.count], dnnl_nc)
        var description = dnnl_inner_product_desc_t()
        let name = "make a fully connected layer of \(bias.count) outputs"
        try check(
            unsafe dnnl_inner_product_forward_desc_init(
                &description,
                dnnl_forward_inference,
                &source,
                &kernel,
                &biases,
                &destination
            ),
            name
        )
        let primitive = try unsafe Primitive(&description, on: engine, for: name)
        return PreparedLayer(
            engine: engine,
            primitive: primitive,
            weights: try reordered(
                weights,
                describe([bias.count, features], dnnl_nc),
                as: primitive.weights,
                on: engine
            ),
            bias: try FloatBuffer(copying: bias)
        )
    }
}

/// Binds layers to memory for one thread.
@safe
public final class LayerBinder {
    private let engine: CPUEngine
    private let stream: ComputeStream

    /// Makes a binder; its layers run on the thread that calls them, one at a time.
    public init() throws {
        engine = try CPUEngine.shared.get()
        stream = try ComputeStream(on: engine)
    }

    /// Binds a layer to what it reads, writes and may use as scratch.
    public func bind(
        _ layer: PreparedLayer,
        source: FloatRegion,
        destination: FloatRegion,
        scratch: FloatRegion
    ) throws -> BoundPrimitive {
        let primitive = layer.primitive
        var bindings = [
            (Int32(DNNL_ARG_SRC_0), primitive.source, source),
            (Int32(DNNL_ARG_DST_0), primitive.destination, destination),
        ]
        if let weights = layer.weights {
            bindings.append((Int32(DNNL_ARG_WEIGHTS_0), primitive.weights, weights.all))
        }
        if let bias = layer.bias {
            try bindings.append((Int32(DNNL_ARG_BIAS), describe([bias.count], dnnl_x), bias.all))
        }
        if primitive.scratchCount > 0 {
            bindings.append((Int32(DNNL_ARG_SCRATCHPAD), primitive.scratch, scratch))
        }
        return try BoundPrimitive(primitive, on: engine, stream: stream, bindings)
    }
}
