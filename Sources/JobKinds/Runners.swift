// SPDX-License-Identifier: MIT

private import Campaigns
private import ComputeEngine
public import SystemPackage
public import WorkerRuntime

/// Every kind of job that a worker can run.
public enum Runners {
    /// The runners by the name of their kind; images are read only below the given folders, or anywhere where none is given.
    public static func all(dataRoots: [FilePath] = []) -> [String: any JobRunner] {
        let runners: [String: any JobRunner] = [
            ActivationsPayload.kind: ActivationsRunner(dataRoots: dataRoots),
            ExemplarsPayload.kind: ExemplarsRunner(dataRoots: dataRoots),
            GramPayload.kind: GramRunner(),
            HSICPayload.kind: HSICRunner(),
            LucidPayload.kind: LucidRunner(),
        ]
        return runners.mapValues { PinnedRunner(runner: $0) }
    }

    /// What results are made with, for their headers.
    public static var versions: [String: String] {
        ["lucidgrid": version, "engine": CPUEngine.version, "instruction_set": CPUEngine.instructionSet]
    }

    /// The version of this program.
    public static let version = "0.1.0"
}
