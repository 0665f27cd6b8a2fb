// SPDX-License-Identifier: MIT

public import SystemSupport

/// A wish to stop that comes by itself after some time, for loops that would else go on for ever where a test fails.
public func alarm(after limit: Duration) -> Monitor<Bool> {
    let alarm = Monitor(false)
    _ = DedicatedThread(named: "alarm") {
        _ = Monitor(()).wait(atMost: limit) { _ in nil as Void? }
        alarm.withLock { $0 = true }
    }
    return alarm
}
