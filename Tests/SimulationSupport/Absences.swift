// SPDX-License-Identifier: MIT

internal import SystemPackage

/// The names of which a machine remembers that they were not there, as an NFS client does.
///
/// It takes that for true until some time has passed or the directory above was opened, whatever others do meanwhile.
struct Absences: Sendable {
    /// Until when each is believed.
    private var ends: [[String]: Duration] = [:]

    /// Whether the machine takes for absent, without asking, what has this name, or a directory above it.
    func cover(_ path: [String], at now: Duration) -> Bool {
        !ends.isEmpty && path.indices.contains { end in ends[Array(path[...end])].map { $0 > now } ?? false }
    }

    /// Whether the machine takes a directory above a name for absent.
    func coverDirectories(above path: [String], at now: Duration) -> Bool { cover(path.dropLast(), at: now) }

    mutating func remember(_ path: [String], until end: Duration) { ends[path] = end }

    /// The machine itself made something of this name.
    mutating func forget(_ path: [String]) { ends[path] = nil }

    /// A directory was opened.
    mutating func forget(namesIn directory: [String]) {
        ends = ends.filter { $0.key.count != directory.count + 1 || !$0.key.starts(with: directory) }
    }
}

extension World.State {
    /// How long an absence is believed at most: a minute beside a lease of two, on NFS, and as long as it likes.
    private static let longestBelief = 3 * Scenario.lease

    /// Looks a name up as a machine does that remembers what was not there: nil where it asks the server, which has it.
    mutating func absence(of path: [String], _ step: World.Step) -> Errno? {
        guard !step.isLate else { return nil }
        let host = step.author.host
        if machines[host].absences.cover(path, at: scheduler.now) { return .noSuchFileOrDirectory }
        guard cachesAbsences, let missing = tree.firstMissing(of: path) else { return nil }
        machines[host].absences.remember(missing, until: scheduler.now + chance.duration(0...Self.longestBelief))
        return nil
    }

    /// Whether a machine takes a directory for absent in which something is to be made.
    func lacksDirectory(above path: [String], _ step: World.Step) -> Bool {
        !step.isLate && machines[step.author.host].absences.coverDirectories(above: path, at: scheduler.now)
    }

    /// Takes in that a machine has made a name itself, or found it there.
    mutating func forgetAbsence(of path: [String], _ step: World.Step) {
        if !step.isLate { machines[step.author.host].absences.forget(path) }
    }

    /// Takes in that a machine has opened a directory.
    mutating func forgetAbsences(in directory: [String], _ step: World.Step) {
        machines[step.author.host].absences.forget(namesIn: directory)
    }
}
