// SPDX-License-Identifier: MIT

public import SystemSupport

/// How many workers there are, asked anew now and then.
public struct Fleet: Sendable {
    private let directory: JobDirectory
    private var departed: Set<WorkerName> = []
    private var sequences: [WorkerName: UInt64] = [:]
    private var lastCount = 1
    private var looks: Rhythm

    /// Starts with nothing counted.
    public init(_ directory: JobDirectory) {
        self.directory = directory
        // Who lives has beaten between two looks.
        looks = Rhythm(every: max(.seconds(60), directory.settings.heartbeat * 3))
    }

    /// The workers that have not said that they left and whose heart beats, a minute ago at most.
    ///
    /// Who has left does not come back, so its heartbeat is read no more; of one that is seen for the first time nobody
    /// can tell yet whether it lives.
    public mutating func size(now: BootClock.Instant) -> Int {
        guard looks.takeTurn(at: now), let names = try? directory.workersWithHeartbeat() else { return lastCount }
        var count = 0
        for name in names where !departed.contains(name) {
            let beat = directory.heartbeat(of: name)
            if beat?.state == .stopped {
                departed.insert(name)
                sequences[name] = nil
                continue
            }
            // One that was just being written is a sign of life.
            if beat == nil || beat?.sequence != sequences[name] { count += 1 }
            sequences[name] = beat?.sequence
        }
        lastCount = max(1, count)
        return lastCount
    }
}
