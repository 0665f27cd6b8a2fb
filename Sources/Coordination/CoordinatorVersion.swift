// SPDX-License-Identifier: MIT

private import ComputeEngine
private import JobKinds
private import JobStorage

/// What `--version` prints.
public enum CoordinatorVersion {
    /// The program's version, the engine's, and those of the file formats.
    public static let text =
        "lucid-coordinator \(Runners.version), \(CPUEngine.version), "
        + "job directory format \(QueueSettings.formatVersion), Zarr format 3"
}
