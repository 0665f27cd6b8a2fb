// SPDX-License-Identifier: MIT

import JobStorage
import SystemSupport

/// How long a worker tries to say how a job ended, where the job directory cannot be reached.
///
/// The attempt stays on its list meanwhile, so a short outage costs neither the result nor a count. After a lease's time
/// others have the job, or will.
struct Patience {
    private let directory: JobDirectory
    private let isStopping: @Sendable () -> Bool
    private let end: BootClock.Instant

    init(_ directory: JobDirectory, isStopping: @escaping @Sendable () -> Bool) {
        self.directory = directory
        self.isStopping = isStopping
        end = directory.surroundings.now.advanced(by: directory.settings.lease)
    }

    /// Waits for a while, and says whether another try is worth it.
    func waits(after verdict: Result<Verdict, FileError>) -> Bool {
        guard case .failure(let error) = verdict, !error.isEnvironmental, !isStopping(),
            directory.surroundings.now < end
        else { return false }
        let never = Monitor(())
        _ = directory.surroundings.wait(on: never, atMost: directory.settings.heartbeat / 5) { _ in false }
        return true
    }
}
