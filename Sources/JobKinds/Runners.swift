// SPDX-License-Identifier: MIT

private import Campaigns
private import ComputeEngine
public import HTTPTransfer
public import SystemPackage
public import WorkerRuntime

/// Every kind of job that a worker can run.
public enum Runners {
    /// The runners by the name of their kind.
    ///
    /// - Parameters:
    ///   - dataRoots: where images and others' arrays are read; anywhere where none is given.
    ///   - arrays: how the job directory's own arrays are read.
    ///   - client: what fetches others' arrays.
    /// - Returns: a runner for each kind.
    public static func all(
        dataRoots: [FilePath] = [],
        arrays: ArrayAccess = .directory,
        client: WebClient = WebClient(.standard)
    ) -> [String: any JobRunner] {
        let runners: [String: any JobRunner] = [
            ActivationsPayload.kind: ActivationsRunner(dataRoots: dataRoots),
            ExemplarsPayload.kind: ExemplarsRunner(dataRoots: dataRoots, arrays: arrays),
            GramPayload.kind: GramRunner(arrays: arrays),
            HSICPayload.kind: HSICRunner(arrays: arrays),
            ImportPayload.kind: ImportRunner(dataRoots: dataRoots, client: client),
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
