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

/// Turns a status of the engine into an error.
func check(_ status: dnnl_status_t, _ operation: @autoclosure () -> String) throws(ComputeError) {
    guard status != dnnl_success else { return }
    let reason =
        switch status {
        case dnnl_out_of_memory: "out of memory"
        case dnnl_invalid_arguments: "invalid arguments"
        case dnnl_unimplemented: ComputeError.unimplemented
        case dnnl_runtime_error: "a runtime error"
        default: "status \(status.rawValue)"
        }
    throw ComputeError(operation: operation(), reason: reason)
}
