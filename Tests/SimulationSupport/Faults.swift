// SPDX-License-Identifier: MIT

public import SystemPackage

/// Something that goes wrong with one call.
public enum Fault: Sendable, CustomStringConvertible {
    /// Nothing happens, and an error is reported.
    case refused(Errno)
    /// It happens, and an error is reported.
    case reported(Errno)
    /// An error is reported, and it happens later if it still can.
    case late(Errno, after: Duration)
    /// Part of the content is written and stays there, and an error is reported.
    case torn(Errno)
    /// The answer is one of a moment ago, without what other machines did since.
    case stale
    /// The machine's caches are stale for a time.
    case blind(Duration)
    /// The process is killed before the call, or after it.
    case killed(afterwards: Bool)
    /// The machine dies with all its processes, before the call or after it.
    case machineDied(afterwards: Bool)
    /// The whole process stands still for a time.
    case suspended(Duration)
    /// The file server answers nobody for a time.
    case stalled(Duration)
    /// The call takes long.
    case slow(Duration)
    /// Everything loses its power, and the file server all that was not synced.
    case powerCut
    /// The file server alone starts anew. Its clients wait and send again what was not synced, as NFS wants it.
    case serverRestarted
    /// The process's heartbeats are refused for a time, and nothing else.
    case heartbeatsRefused(Duration)
    /// There is no space left for anybody for a time.
    case full(Duration)
    /// Everything is closed to everybody for a time, as an NFS export that is withdrawn.
    case closed(Duration)
    /// The process is asked to leave.
    case asked
    /// The machine's time of day is set.
    case clockSet(Duration)
    /// A finished shard is damaged, or gone.
    case damagedShard(isGone: Bool)

    /// What happens, in a few words.
    public var description: String {
        switch self {
        case .refused(let errno): "refused: \(errno)"
        case .reported(let errno): "done, but reported: \(errno)"
        case .late(let errno, let delay): "reported: \(errno), happens \(delay.seconds) s later"
        case .torn(let errno): "torn: \(errno)"
        case .stale: "stale"
        case .blind(let time): "stale caches for \(time.seconds) s"
        case .killed(let afterwards): "process killed \(afterwards ? "after" : "before")"
        case .machineDied(let afterwards): "machine died \(afterwards ? "after" : "before")"
        case .suspended(let time): "process suspended for \(time.seconds) s"
        case .stalled(let time): "file server stalled for \(time.seconds) s"
        case .slow(let time): "slow: \(time.seconds) s"
        case .powerCut: "power cut"
        case .serverRestarted: "file server restarted"
        case .heartbeatsRefused(let time): "heartbeats refused for \(time.seconds) s"
        case .full(let time): "no space for \(time.seconds) s"
        case .closed(let time): "closed for \(time.seconds) s"
        case .asked: "asked to leave"
        case .clockSet(let jump): "clock set by \(jump.seconds) s"
        case .damagedShard(let isGone): "a shard is \(isGone ? "gone" : "damaged")"
        }
    }
}

extension Fault {
    /// How many attempts at jobs it can cost, of up to four workers with a job each.
    ///
    /// A stalled or restarted server costs none: while nobody can write, nobody's silence proves anything.
    fileprivate var attempts: Int {
        switch self {
        case .stalled, .serverRestarted, .clockSet, .asked, .damagedShard: 0
        case .refused, .reported, .late, .torn, .stale, .killed, .machineDied, .suspended, .slow, .heartbeatsRefused: 1
        case .powerCut, .full, .closed, .blind: 4
        }
    }

    /// For how many generations of jobs it can be the reason: two campaigns may lean on a shard.
    fileprivate var restarts: Int {
        switch self {
        case .stalled, .serverRestarted, .clockSet, .asked, .suspended, .slow, .full, .closed, .heartbeatsRefused: 0
        case .refused, .reported, .torn, .stale, .killed, .machineDied: 1
        case .damagedShard, .late: 2
        case .blind: 4
        case .powerCut: 8
        }
    }
}

/// The calls of a file system, as faults choose among them.
enum Call: String, Sendable {
    case list, read, look, refresh, create, append, overwrite, rename, link, makeDirectory, syncDirectory, syncAll,
        access
    case remove, removeDirectory

    /// What an error says was attempted.
    var operation: String {
        switch self {
        case .list: "list"
        case .read: "read"
        case .look, .refresh: "open"
        case .create, .overwrite: "write"
        case .append: "append to"
        case .rename: "rename"
        case .link: "link"
        case .makeDirectory: "make the directory"
        case .syncDirectory, .syncAll: "sync"
        case .access: "inspect"
        case .remove, .removeDirectory: "remove"
        }
    }

    var isReading: Bool { [.list, .read, .look, .refresh, .access].contains(self) }
}

/// Which calls go wrong, and how: decided for each by the seed and the call's number alone, so that leaving out one
/// fault leaves the others as they are.
struct FaultSource: Sendable {
    private enum Family: UInt64, CaseIterable { case errors, late, torn, stale, deaths, sleeps, power, damage }

    private let seed: UInt64
    private let rate: Double
    private let families: [Family]
    private let lease: Double
    private let only: Set<Int>?
    private var left: Int
    private(set) var drawn: [(call: Int, fault: Fault)] = []
    /// How many of them can make an input look lost.
    private(set) var losses = 0
    /// How many attempts they can have cost.
    private(set) var attempts = 0
    /// For how many generations of jobs they can be the reason.
    private(set) var restarts = 0

    init(seed: UInt64, lease: Double, only: Set<Int>?) {
        var random = SeededRandom(seed, 0xFA)
        self.seed = seed
        self.lease = lease
        self.only = only
        rate = [0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08][Int.random(in: 0..<7, using: &random)]
        left = Int.random(in: 1...20, using: &random)
        // Each run meets some families of faults and not others, so that none hides what another would show.
        families = Family.allCases.filter { _ in random.happens(0.55) }
    }

    /// Whether nothing more can go wrong.
    var isExhausted: Bool { left == 0 || rate == 0 || families.isEmpty }

    /// Nothing goes wrong from now on.
    mutating func end() { left = 0 }

    mutating func fault(at number: Int, _ call: Call, isInspection: Bool) -> Fault? {
        guard !isExhausted else { return nil }
        var random = SeededRandom(seed, 0xFB, UInt64(number))
        // Calls that change something are the rarer and the more interesting ones.
        guard random.happens(call.isReading ? rate / 2 : rate * 2) else { return nil }
        if let only, !only.contains(number) { return nil }
        guard let family = families.randomElement(using: &random),
            let fault = fault(of: family, call, &random)
        else { return nil }
        left -= 1
        drawn.append((number, fault))
        attempts += fault.attempts
        restarts += fault.restarts
        switch fault {
        case .damagedShard, .powerCut: losses += 1
        case .refused, .stale: losses += isInspection ? 1 : 0
        default: break
        }
        return fault
    }

    private func fault(of family: Family, _ call: Call, _ random: inout SeededRandom) -> Fault? {
        let isMove = call == .rename || call == .link
        switch family {
        case .errors:
            if isMove, random.happens(0.6) {
                let errnos: [Errno] = [.noSuchFileOrDirectory, .ioError, .timedOut, .staleNFSFileHandle]
                return .reported(errnos[Int.random(in: 0..<4, using: &random)])
            }
            let errnos: [Errno] = [.ioError, .staleNFSFileHandle, .timedOut, .interrupted, .noSpace]
            let errno = errnos[Int.random(in: 0..<(call.isReading ? 4 : 5), using: &random)]
            return random.happens(0.5) && !call.isReading ? .reported(errno) : .refused(errno)
        case .late:
            guard isMove else { return nil }
            let errno: Errno = random.happens(0.5) ? .timedOut : .ioError
            return .late(errno, after: random.duration(0.05...(lease * (random.happens(0.5) ? 0.2 : 2.5))))
        case .torn:
            guard [.create, .overwrite, .append].contains(call) else { return nil }
            return .torn(random.happens(0.5) ? .noSpace : .ioError)
        case .stale:
            return random.happens(0.7) ? .stale : .blind(random.duration(1...lease * 2))
        case .deaths:
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6: return .killed(afterwards: random.happens(0.5))
            case 6..<9: return .machineDied(afterwards: random.happens(0.5))
            default: return .asked
            }
        case .sleeps:
            switch Int.random(in: 0..<6, using: &random) {
            case 4: return .heartbeatsRefused(random.duration(lease * 0.5...lease * 3))
            case 5:
                let time = random.duration(0.5...lease)
                return random.happens(0.5) ? .full(time) : .closed(random.happens(0.7) ? time : time * 3)
            case 0: return .suspended(random.duration(lease * 0.5...lease * 3))
            case 1: return .stalled(random.duration(lease * 0.2...lease * 3))
            case 2: return .slow(random.duration(0.5...lease * 2))
            default: return .clockSet(random.duration(-1e6...1e6))
            }
        case .power:
            return random.happens(0.3) ? (random.happens(0.7) ? .powerCut : .serverRestarted) : nil
        case .damage:
            return random.happens(0.5) ? .damagedShard(isGone: random.happens(0.5)) : nil
        }
    }
}
