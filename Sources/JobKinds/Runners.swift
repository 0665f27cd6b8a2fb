// SPDX-License-Identifier: MIT

private import Campaigns
private import ComputeEngine
public import WorkerRuntime

/// Every kind of job that a worker can run.
public enum Runners {
    /// The runners by the name of their kind.
    public static func all() -> [String: any JobRunner] {
        [
            ActivationsPayload.kind: ActivationsRunner(),
            GramPayload.kind: GramRunner(),
            HSICPayload.kind: HSICRunner(),
        ]
    }

    /// What results are made with, for their headers.
    public static var versions: [String: String] {
        ["lucidgrid": version, "engine": CPUEngine.version, "instruction_set": CPUEngine.instructionSet]
    }

    /// The version of this program.
    public static let version = "0.1.0"
}
