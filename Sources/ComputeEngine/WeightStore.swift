// SPDX-License-Identifier: MIT

internal import COneDNN
private import SystemSupport

/// Weights in the orders that kernels want, so that kernels for maps of several sizes share them.
///
/// Most sizes want the same order of a layer's weights; each order is made once, when it is first asked for.
public final class WeightStore: Sendable {
    private struct Entry: Sendable {
        let description: dnnl_memory_desc_t
        let weights: FloatBuffer
    }

    private let entries = Monitor<[String: [Entry]]>([:])

    /// Makes an empty store.
    public init() {}

    /// The bytes of all weights that it holds.
    public var byteCount: Int {
        entries.withLock { entries in
            entries.values.joined().reduce(0) { $0 + $1.weights.count * MemoryLayout<Float>.stride }
        }
    }

    /// The weights of that name in an order, made from plain ones where they are not there yet.
    func weights(
        named name: String,
        as target: dnnl_memory_desc_t,
        from plain: dnnl_memory_desc_t,
        on engine: CPUEngine,
        making values: () -> [Float]
    ) throws(ComputeError) -> FloatBuffer {
        let known = entries.withLock { $0[name]?.first { isEqual($0.description, target) }?.weights }
        if let known { return known }
        let weights = try reordered(values(), plain, as: target, on: engine)
        // Where two threads made the same, either will do.
        entries.withLock { $0[name, default: []].append(Entry(description: target, weights: weights)) }
        return weights
    }
}

private func isEqual(_ one: dnnl_memory_desc_t, _ other: dnnl_memory_desc_t) -> Bool {
    var (one, other) = (one, other)
    return unsafe dnnl_memory_desc_equal(&one, &other) != 0
}

extension FloatBuffer {
    /// Allocates memory that holds the values.
    convenience init(copying values: [Float]) throws(ComputeError) {
        try self.init(count: values.count)
        unsafe base.update(from: values, count: values.count)
    }
}

/// Plain weights in the order that a kernel wants.
func reordered(
    _ values: [Float],
    _ from: dnnl_memory_desc_t,
    as target: dnnl_memory_desc_t,
    on engine: CPUEngine
) throws(ComputeError) -> FloatBuffer {
    let buffer = try FloatBuffer(count: (byteCount(of: target) + 3) / 4)
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
    return buffer
}
