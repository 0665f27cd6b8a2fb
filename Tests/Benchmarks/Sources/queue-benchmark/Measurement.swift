// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc

/// What one part of the benchmark came to; printed as a line of JSON.
struct Measurement: Encodable {
    /// Seconds on the clock.
    var seconds = 0.0
    /// Seconds of the processor, in the program and in the system on its behalf.
    var processor = 0.0
    /// Jobs that were published, run or seen.
    var jobs = 0
    /// Jobs that were seen to be done.
    var done: Int?
    /// Seconds until the first job ran.
    var first: Double?
    /// Seconds to write the plan.
    var plan: Double?
    /// Processes and threads that worked.
    var workers = 1
    /// The calls to the file system.
    var calls = CallCounts()
    /// The most memory that the process had, in MiB.
    var memory = 0

    func write() throws {
        var final = self
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        final.memory = usage.ru_maxrss / 1024
        print(String(decoding: try JSONEncoder().encode(final), as: UTF8.self))
    }
}

/// Runs a body and says how long it took on the clock and on the processor.
func timed(_ body: () throws -> Void) rethrows -> (seconds: Double, processor: Double) {
    let clock = ContinuousClock()
    let before = processorSeconds()
    let time = try clock.measure(body)
    return (seconds(time), processorSeconds() - before)
}

func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

private func processorSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let times = [usage.ru_utime, usage.ru_stime]
    return times.reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6 }
}
