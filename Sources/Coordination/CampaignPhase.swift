// SPDX-License-Identifier: MIT

internal import Reports

/// What is to be expected of a campaign whose parts are merged.
public enum CampaignPhase: Equatable, Sendable {
    /// More results will come.
    case underWay
    /// All results are there, and the whole is merged next.
    case complete
    /// A user cancelled it, and no more will come.
    case cancelled
    /// Some of its jobs failed for good, and no more will come.
    case failed

    /// How the campaign's atlas says that it ended; nil where it did not, or is complete.
    var ending: Atlas.Ending? {
        switch self {
        case .underWay, .complete: nil
        case .cancelled: .cancelled
        case .failed: .failed
        }
    }
}
