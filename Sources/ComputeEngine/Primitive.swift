// SPDX-License-Identifier: MIT

internal import COneDNN

/// A kernel of the engine, made once for a shape and run by any number of threads.
@safe
final class Primitive: @unchecked Sendable {
    // Sendable because a primitive with a scratchpad of the caller's holds no state between runs.
    let handle: dnnl_primitive_t
    /// The engine's name of the kernel, for instance "jit:avx512_core".
    let implementation: String
    /// The number of floats of the scratchpad that each run must be given.
    let scratchCount: Int
    let source: dnnl_memory_desc_t
    let weights: dnnl_memory_desc_t
    let destination: dnnl_memory_desc_t
    let scratch: dnnl_memory_desc_t

    /// Makes the kernel that an operation descriptor asks for; where it is adding, it adds to what the destination holds.
    init(
        _ description: UnsafeRawPointer,
        on engine: CPUEngine,
        isAdding: Bool = false,
        for operation: @autoclosure () -> String
    ) throws(ComputeError) {
        var attributes: dnnl_primitive_attr_t?
        try check(unsafe dnnl_primitive_attr_create(&attributes), operation())
        defer { unsafe dnnl_primitive_attr_destroy(attributes) }
        try check(unsafe dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), operation())

        if isAdding {
            var additions: dnnl_post_ops_t?
            try check(unsafe dnnl_post_ops_create(&additions), operation())
            defer { unsafe dnnl_post_ops_destroy(additions) }
            try check(unsafe dnnl_post_ops_append_sum(additions, 1), operation())
            try check(unsafe dnnl_primitive_attr_set_post_ops(attributes, additions), operation())
        }

        var descriptor: dnnl_primitive_desc_t?
        try check(
            unsafe dnnl_primitive_desc_create(&descriptor, description, attributes, engine.handle, nil),
            operation()
        )
        defer { unsafe dnnl_primitive_desc_destroy(descriptor) }
        var created: dnnl_primitive_t?
        try check(unsafe dnnl_primitive_create(&created, descriptor), operation())
        guard let created = unsafe created else {
            throw ComputeError(operation: operation(), reason: "no primitive")
        }
        unsafe handle = created

        var name: UnsafePointer<CChar>?
        unsafe dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, &name)
        implementation = unsafe name.map { unsafe String(cString: $0) } ?? "unknown"
        func query(_ what: dnnl_query_t) -> dnnl_memory_desc_t {
            unsafe dnnl_primitive_desc_query_md(descriptor, what, 0)?.pointee ?? dnnl_memory_desc_t()
        }
        source = query(dnnl_query_src_md)
        weights = query(dnnl_query_weights_md)
        destination = query(dnnl_query_dst_md)
        scratch = query(dnnl_query_scratchpad_md)
        scratchCount = (byteCount(of: scratch) + 3) / 4
    }

    deinit { unsafe dnnl_primitive_destroy(handle) }
}

/// A primitive together with the memory that it reads and writes at every run.
///
/// It belongs to one thread.
@safe
public final class BoundPrimitive {
    private let primitive: Primitive
    private let stream: ComputeStream
    private var arguments: [dnnl_exec_arg_t] = unsafe []
    private let regions: [FloatRegion]

    init(
        _ primitive: Primitive,
        on engine: CPUEngine,
        stream: ComputeStream,
        _ bindings: [(argument: Int32, description: dnnl_memory_desc_t, region: FloatRegion)]
    ) throws(ComputeError) {
        self.primitive = primitive
        self.stream = stream
        regions = bindings.map { $0.region }
        for (argument, description, region) in bindings {
            precondition(
                region.count * 4 >= byteCount(of: description),
                "a region must hold what its description says"
            )
            var memory: dnnl_memory_t?
            var description = description
            try check(
                unsafe dnnl_memory_create(&memory, &description, engine.handle, region.pointer),
                "describe memory"
            )
            unsafe arguments.append(dnnl_exec_arg_t(arg: argument, memory: memory))
        }
    }

    deinit {
        for index in unsafe arguments.indices { unsafe dnnl_memory_destroy(arguments[index].memory) }
    }

    /// The engine's name of the kernel.
    public var implementation: String { primitive.implementation }

    /// Runs the kernel on the calling thread.
    public func run() throws(ComputeError) {
        try check(
            unsafe dnnl_primitive_execute(primitive.handle, stream.handle, Int32(arguments.count), arguments),
            "run \(primitive.implementation)"
        )
    }
}

// MARK: Memory descriptions

func describe(_ dimensions: [Int], _ tag: dnnl_format_tag_t) throws(ComputeError) -> dnnl_memory_desc_t {
    var description = dnnl_memory_desc_t()
    let sizes = dimensions.map { Int64($0) }
    try check(
        unsafe dnnl_memory_desc_init_by_tag(&description, Int32(sizes.count), sizes, dnnl_f32, tag),
        "describe memory of shape \(dimensions)"
    )
    return description
}

func byteCount(of description: dnnl_memory_desc_t) -> Int {
    var description = description
    return unsafe Int(dnnl_memory_desc_get_size(&description))
}
