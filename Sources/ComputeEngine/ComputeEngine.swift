// SPDX-License-Identifier: MIT

internal import COneDNN
private import COpenBLAS

/// The processor as oneDNN sees it.
///
/// One thread runs one primitive: images, not sums, are shared out between threads, so that results do
/// not depend on their number. `check`, the one way to call the engine, sees to that.
@safe
public final class CPUEngine: @unchecked Sendable {
    // Sendable because oneDNN's engines are immutable and may be used from any thread.
    let handle: dnnl_engine_t

    /// The one engine of this process.
    public static let shared: Result<CPUEngine, ComputeError> = {
        do throws(ComputeError) { return .success(try CPUEngine()) } catch { return .failure(error) }
    }()

    private init() throws(ComputeError) {
        _ = Self.settled
        var created: dnnl_engine_t?
        try check(unsafe dnnl_engine_create(&created, dnnl_cpu, 0), "start the compute engine")
        guard let created = unsafe created else {
            throw ComputeError(operation: "start the compute engine", reason: "no engine")
        }
        unsafe handle = created
    }

    deinit { unsafe dnnl_engine_destroy(handle) }

    /// Makes the parallel regions that the calling thread starts run on it alone.
    @inline(__always)
    static func useOneThread() { omp_set_num_threads(1) }

    /// The number of threads that a parallel region would take which the calling thread starts.
    static var threadCount: Int { Int(omp_get_max_threads()) }

    /// Lets the calling thread, and those that it will start, run on all processors that this process was given.
    ///
    /// OpenMP's runtime binds a process's first thread to one place where `OMP_PROC_BIND`, `OMP_PLACES` or
    /// `GOMP_CPU_AFFINITY` are set, as they are on many clusters: all threads of ours, and all programs that they start,
    /// would crowd there. To be called before a program counts its processors or starts a thread.
    public static func unbindThread() { lucid_unbind_thread() }

    /// OpenBLAS's setting is the whole process's, and must not change while a product runs.
    static let openBLASRunsOnOneThread: Void = openblas_set_num_threads(1)

    /// What the environment may ask of the engine and what a job must not depend on, set once and before all else: the
    /// precision of sums, which registers kernels use, words on the standard output, files in the current folder.
    private static let settled: Void = {
        // Each refuses only where the library was built without it, and then has nothing to settle.
        _ = dnnl_set_default_fpmath_mode(dnnl_fpmath_mode_strict)
        _ = dnnl_set_cpu_isa_hints(dnnl_cpu_isa_no_hints)
        _ = dnnl_set_verbose(0)
        _ = dnnl_set_jit_dump(0)
        _ = dnnl_set_jit_profiling_flags(0)
        _ = dnnl_set_primitive_cache_capacity(1024)
    }()

    /// The instruction set that kernels are chosen for: "avx512", "avx2" or "sse41".
    public static var instructionSet: String {
        _ = settled
        let set = dnnl_get_effective_cpu_isa().rawValue
        if set & dnnl_cpu_isa_avx512_core.rawValue == dnnl_cpu_isa_avx512_core.rawValue { return "avx512" }
        return set & dnnl_cpu_isa_avx2.rawValue == dnnl_cpu_isa_avx2.rawValue ? "avx2" : "sse41"
    }

    /// The engine's name and version, for records.
    public static var version: String {
        guard let version = unsafe dnnl_version()?.pointee else { return "oneDNN" }
        return "oneDNN \(unsafe version.major).\(unsafe version.minor).\(unsafe version.patch)"
    }

    /// The number of channels that lie together in the blocked layout: 16 with AVX-512, else 8.
    public static var channelBlock: Int { instructionSet == "avx512" ? 16 : 8 }
}

/// A queue of primitives that run one after another on the thread that calls.
@safe
final class ComputeStream {
    let handle: dnnl_stream_t

    init(on engine: CPUEngine) throws(ComputeError) {
        var created: dnnl_stream_t?
        try check(
            unsafe dnnl_stream_create(&created, engine.handle, dnnl_stream_default_flags.rawValue),
            "create a stream"
        )
        guard let created = unsafe created else {
            throw ComputeError(operation: "create a stream", reason: "no stream")
        }
        unsafe handle = created
    }

    deinit { unsafe dnnl_stream_destroy(handle) }
}
