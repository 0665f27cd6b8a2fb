// SPDX-License-Identifier: MIT

internal import COneDNN

/// A call of the compute engine that failed.
public struct ComputeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was attempted, completing "could not …".
    public let operation: String
    /// The engine's answer.
    public let reason: String

    /// The message.
    public var description: String { "could not \(operation): \(reason)" }

    /// Whether the engine has no kernel for what was asked, so that another algorithm may do.
    var isUnimplemented: Bool { reason == Self.unimplemented }

    static let unimplemented = "the engine has no kernel for it"
}

/// Calls the engine, with one thread, and turns its status into an error.
///
/// Every call that makes or runs a kernel goes through here: OpenMP's number of threads belongs to the calling thread,
/// is that of the processors on a new one, and decides which kernel is made and how much scratch memory it wants.
@inline(__always)
func check(
    _ call: @autoclosure () -> dnnl_status_t,
    _ operation: @autoclosure () -> String
) throws(ComputeError) {
    CPUEngine.useOneThread()
    let status = call()
    guard status != dnnl_success else { return }
    throw failure(status, operation())
}

private func failure(_ status: dnnl_status_t, _ operation: String) -> ComputeError {
    let reason =
        switch status {
        case dnnl_out_of_memory: "out of memory"
        case dnnl_invalid_arguments: "invalid arguments"
        case dnnl_unimplemented: ComputeError.unimplemented
        case dnnl_runtime_error: "a runtime error"
        default: "status \(status.rawValue)"
        }
    return ComputeError(operation: operation, reason: reason)
}
