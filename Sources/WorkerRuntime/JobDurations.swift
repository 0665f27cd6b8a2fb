// SPDX-License-Identifier: MIT

/// How long jobs took here, so that none is begun that cannot end in time.
struct JobDurations {
    private var longest: [String: Duration] = [:]

    /// Takes in how long a job of a kind took.
    mutating func record(_ kind: String, _ duration: Duration) {
        longest[kind] = max(longest[kind] ?? .zero, duration)
    }

    /// Whether a job of a kind is likely to end within some time: a fifth longer than the longest so far.
    ///
    /// A kind that was not seen here is tried; should it not end, it is handed back.
    func fits(_ kind: String, into time: Duration) -> Bool {
        longest[kind].map { $0 * 6 / 5 <= time } ?? true
    }
}
