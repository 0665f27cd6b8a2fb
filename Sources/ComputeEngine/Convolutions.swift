// SPDX-License-Identifier: MIT

internal import COneDNN

/// What a convolution computes, apart from its weights.
public struct ConvolutionShape: Hashable, Sendable {
    /// The maps that it reads: blocked ones or, with three channels, plain NCHW ones.
    public let input: MapShape
    /// The channels that it writes.
    public let outputChannels: Int
    /// The window; where `columnWindow` differs, down the rows.
    public let window: Window
    /// The window along the columns.
    public let columnWindow: Window
    /// Whether the outcome is added to what the destination holds.
    public let isAdding: Bool

    /// Describes a convolution, with a square window where none is given for the columns.
    public init(
        _ input: MapShape,
        outputChannels: Int,
        window: Window,
        columnWindow: Window? = nil,
        isAdding: Bool = false
    ) {
        self.input = input
        self.outputChannels = outputChannels
        self.window = window
        self.columnWindow = columnWindow ?? window
        self.isAdding = isAdding
    }

    /// The maps that it writes.
    public var output: MapShape {
        MapShape(
            images: input.images,
            channels: outputChannels,
            rows: window.positions(over: input.rows),
            columns: columnWindow.positions(over: input.columns)
        )
    }

    /// The sizes of its weights: output channel, input channel, row, column.
    var weightDimensions: [Int] { [outputChannels, input.channels, window.side, columnWindow.side] }
}

extension PreparedLayer {
    /// A convolution.
    ///
    /// - Parameters:
    ///   - shape: what it computes.
    ///   - weights: in the order output channel, input channel, row, column.
    ///   - bias: one an output channel, or nil for none.
    /// - Throws: `ComputeError` where the engine has no kernel or no memory.
    /// - Returns: the kernel with its weights.
    public static func convolution(
        _ shape: ConvolutionShape,
        weights: [Float],
        bias: [Float]?
    ) throws(ComputeError) -> PreparedLayer {
        try convolution(shape, bias: bias) { (engine, plain, target) throws(ComputeError) in
            checkCount(weights, shape)
            return try reordered(weights, plain, as: target, on: engine)
        }
    }

    /// A convolution whose weights are kept in a store under a name; they are made only where they are not there yet.
    ///
    /// - Parameters:
    ///   - shape: what it computes.
    ///   - name: tells these weights from all others in the store.
    ///   - store: where they are kept.
    ///   - bias: one an output channel, or nil for none.
    ///   - values: the weights in the order output channel, input channel, row, column.
    /// - Throws: `ComputeError` where the engine has no kernel or no memory.
    /// - Returns: the kernel with its weights.
    public static func convolution(
        _ shape: ConvolutionShape,
        named name: String,
        in store: WeightStore,
        bias: [Float]?,
        making values: () -> [Float]
    ) throws(ComputeError) -> PreparedLayer {
        try convolution(shape, bias: bias) { (engine, plain, target) throws(ComputeError) in
            try store.weights(named: name, as: target, from: plain, on: engine) {
                let weights = values()
                checkCount(weights, shape)
                return weights
            }
        }
    }

    private static func checkCount(_ weights: [Float], _ shape: ConvolutionShape) {
        precondition(
            weights.count == shape.weightDimensions.reduce(1, *),
            "one weight an output channel, input channel and place of the window"
        )
    }

    private static func convolution(
        _ shape: ConvolutionShape,
        bias: [Float]?,
        weights: (CPUEngine, dnnl_memory_desc_t, dnnl_memory_desc_t) throws(ComputeError) -> FloatBuffer
    ) throws(ComputeError) -> PreparedLayer {
        precondition(bias.map { $0.count == shape.outputChannels } ?? true, "one bias an output channel")
        let engine = try CPUEngine.shared.get()
        let primitive =
            try preferWinograd(shape)
            ? winogradOrDirect(shape, hasBias: bias != nil, on: engine)
            : convolution(shape, hasBias: bias != nil, dnnl_convolution_direct, on: engine)
        let plain = try describe(shape.weightDimensions, dnnl_oihw)
        let buffer: FloatBuffer? = if let bias { try FloatBuffer(copying: bias) } else { nil }
        return PreparedLayer(
            engine: engine,
            primitive: primitive,
            weights: try weights(engine, plain, primitive.weights),
            bias: buffer
        )
    }

    private static func convolution(
        _ shape: ConvolutionShape,
        hasBias: Bool,
        _ algorithm: dnnl_alg_kind_t,
        on engine: CPUEngine
    ) throws(ComputeError) -> Primitive {
        let name = "make a convolution \(shape.weightDimensions) over \(shape.input)"
        let input = shape.input
        var source =
            input.channels == 3
            ? try describe([input.images, 3, input.rows, input.columns], dnnl_nchw) : try input.description()
        var kernel = try describe(shape.weightDimensions, dnnl_format_tag_any)
        // A description of nothing stands for no bias.
        var biases = hasBias ? try describe([shape.outputChannels], dnnl_x) : dnnl_memory_desc_t()
        var destination = try shape.output.description()
        var description = dnnl_convolution_desc_t()
        let sizes = WindowSizes(rows: shape.window, columns: shape.columnWindow)
        try check(
            unsafe dnnl_convolution_forward_desc_init(
                &description,
                dnnl_forward_inference,
                algorithm,
                &source,
                &kernel,
                &biases,
                &destination,
                sizes.strides,
                sizes.leading,
                sizes.trailing
            ),
            name
        )
        return try unsafe Primitive(&description, on: engine, isAdding: shape.isAdding, for: name)
    }

    /// Which layers take Winograd's algorithm is fixed here and never timed: the choice changes the last bits.
    private static func preferWinograd(_ shape: ConvolutionShape) -> Bool {
        shape.window.side == 3 && shape.window.stride == 1 && shape.columnWindow == shape.window && !shape.isAdding
    }

    private static func winogradOrDirect(
        _ shape: ConvolutionShape,
        hasBias: Bool,
        on engine: CPUEngine
    ) throws(ComputeError) -> Primitive {
        do throws(ComputeError) {
            return try convolution(shape, hasBias: hasBias, dnnl_convolution_winograd, on: engine)
        } catch  where error.isUnimplemented {
            return try convolution(shape, hasBias: hasBias, dnnl_convolution_direct, on: engine)
        }
    }
}
