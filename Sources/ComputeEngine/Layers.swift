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
    /// The number of rows and of columns.
    public let side: Int

    /// Describes feature maps.
    public init(images: Int, channels: Int, side: Int) {
        self.images = images
        self.channels = channels
        self.side = side
    }

    /// The number of channels with those that fill up the last block.
    public var paddedChannels: Int {
        let block = CPUEngine.channelBlock
        return (channels + block - 1) / block * block
    }

    /// The number of values of one image, filling included.
    public var imageCount: Int { paddedChannels * side * side }

    /// The number of values in all.
    public var count: Int { images * imageCount }

    func description() throws(ComputeError) -> dnnl_memory_desc_t {
        try describe(
            [images, channels, side, side],
            CPUEngine.channelBlock == 16 ? dnnl_nChw16c : dnnl_nChw8c
        )
    }
}

/// A square window that moves over feature maps.
public struct Window: Hashable, Sendable {
    /// The number of rows and of columns.
    public let side: Int
    /// The step in both directions.
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

    fileprivate var strides: [Int64] { [Int64(stride), Int64(stride)] }
    fileprivate var leading: [Int64] { [Int64(leadingPadding), Int64(leadingPadding)] }
    fileprivate var trailing: [Int64] { [Int64(trailingPadding), Int64(trailingPadding)] }
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

    /// A convolution with a bias, over blocked maps or, for an input of three channels, over plain NCHW ones.
    ///
    /// Weights are in the order output channel, input channel, row, column; there is one bias an output channel.
    /// Throws `ComputeError` where the engine has no kernel or no memory.
    public static func convolution(
        _ input: MapShape,
        outputChannels: Int,
        window: Window,
        weights: [Float],
        bias: [Float]
    ) throws -> PreparedLayer {
        precondition(bias.count == outputChannels, "one bias an output channel")
        precondition(
            weights.count == outputChannels * input.channels * window.side * window.side,
            "one weight an output channel, input channel and place of the window"
        )
        let engine = try CPUEngine.shared.get()
        let output = MapShape(images: input.images, channels: outputChannels, side: window.positions(over: input.side))
        let weightDimensions = [outputChannels, input.channels, window.side, window.side]
        var source =
            input.channels == 3
            ? try describe([input.images, 3, input.side, input.side], dnnl_nchw) : try input.description()
        var kernel = try describe(weightDimensions, dnnl_format_tag_any)
        var biases = try describe([outputChannels], dnnl_x)
        var destination = try output.description()

        func make(_ algorithm: dnnl_alg_kind_t) throws(ComputeError) -> Primitive {
            let name = "make a convolution \(weightDimensions) over \(input)"
            var description = dnnl_convolution_desc_t()
            try check(
                unsafe dnnl_convolution_forward_desc_init(
                    &description,
                    dnnl_forward_inference,
                    algorithm,
                    &source,
                    &kernel,
                    &biases,
                    &destination,
                    window.strides,
                    window.leading,
                    window.trailing
                ),
                name
            )
            return try unsafe Primitive(&description, on: engine, for: name)
        }
        let primitive = try preferWinograd(window) ? winogradOrDirect(make) : make(dnnl_convolution_direct)
        let reordered = try FloatBuffer(count: (byteCount(of: primitive.weights) + 3) / 4)
        try reorder(weights, describe(weightDimensions, dnnl_oihw), to: reordered, primitive.weights, on: engine)
        return PreparedLayer(
            engine: engine,
            primitive: primitive,
            weights: reordered,
            bias: try FloatBuffer(copying: bias)
        )
    }

    /// Which layers take Winograd's algorithm is fixed here and never timed: the choice changes the last bits.
    private static func preferWinograd(_ window: Window) -> Bool { window.side == 3 && window.stride == 1 }

    private static func winogradOrDirect(
        _ make: (dnnl_alg_kind_t) throws(ComputeError) -> Primitive
    ) throws(ComputeError) -> Primitive {
        do throws(ComputeError) {
            return try make(dnnl_convolution_winograd)
        } catch  where error.isUnimplemented {
            return try make(dnnl_convolution_direct)
        }
    }

    /// The greatest value in each window; what is outside the maps counts as −∞.
    public static func maxPooling(_ input: MapShape, window: Window) throws -> PreparedLayer {
        try pooling(input, window: window, dnnl_pooling_max)
    }

    /// The mean of each window, which must not reach outside the maps.
    public static func averagePooling(_ input: MapShape, window: Window) throws -> PreparedLayer {
        try pooling(input, window: window, dnnl_pooling_avg_exclude_padding)
    }

    private static func pooling(
        _ input: MapShape,
        window: Window,
        _ algorithm: dnnl_alg_kind_t
    ) throws -> PreparedLayer {
        let engine = try CPUEngine.shared.get()
        let output = MapShape(images: input.images, channels: input.channels, side: window.positions(over: input.side))
        var source = try input.description()
        var destination = try output.description()
        var description = dnnl_pooling_desc_t()
        let name = "make a pooling over \(input)"
        try check(
            unsafe dnnl_pooling_forward_desc_init(
                &description,
                dnnl_forward_inference,
                algorithm,
                &source,
                &destination,
                window.strides,
                [Int64(window.side), Int64(window.side)],
                window.leading,
                window.trailing
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
        let reordered = try FloatBuffer(count: (byteCount(of: primitive.weights) + 3) / 4)
        try reorder(
            weights,
            describe([bias.count, features], dnnl_nc),
            to: reordered,
            primitive.weights,
            on: engine
        )
        return PreparedLayer(
            engine: engine,
            primitive: primitive,
            weights: reordered,
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
        CPUEngine.useOneThread()
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

extension FloatBuffer {
    /// Allocates memory that holds the values.
    convenience init(copying values: [Float]) throws(ComputeError) {
        try self.init(count: values.count)
        unsafe base.update(from: values, count: values.count)
    }
}

/// Copies plain weights into the order that a kernel wants.
private func reorder(
    _ values: [Float],
    _ from: dnnl_memory_desc_t,
    to buffer: FloatBuffer,
    _ target: dnnl_memory_desc_t,
    on engine: CPUEngine
) throws {
    let plain = try FloatBuffer(copying: values)
    var from = from
    var target = target
    var descriptor: dnnl_primitive_desc_t?
    try check(
        unsafe dnnl_reorder_primitive_desc_create(&descriptor, &from, engine.handle, &target, engine.handle, nil),
        "reorder weights"
    )
    defer { unsafe dnnl_primitive_desc_destroy(descriptor) }
    var primitive: dnnl_primitive_t?
    try check(unsafe dnnl_primitive_create(&primitive, descriptor), "reorder weights")
    defer { unsafe dnnl_primitive_destroy(primitive) }
    var source: dnnl_memory_t?
    var destination: dnnl_memory_t?
    try check(unsafe dnnl_memory_create(&source, &from, engine.handle, plain.base), "describe weights")
    defer { unsafe dnnl_memory_destroy(source) }
    try check(unsafe dnnl_memory_create(&destination, &target, engine.handle, buffer.base), "describe weights")
    defer { unsafe dnnl_memory_destroy(destination) }
    let stream = try ComputeStream(on: engine)
    let arguments = unsafe [
        dnnl_exec_arg_t(arg: Int32(DNNL_ARG_SRC_0), memory: source),
        dnnl_exec_arg_t(arg: Int32(DNNL_ARG_DST_0), memory: destination),
    ]
    try check(unsafe dnnl_primitive_execute(primitive, stream.handle, 2, arguments), "reorder weights")
}
