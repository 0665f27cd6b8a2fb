// SPDX-License-Identifier: MIT

import JobStorage
import SystemSupport

/// How long a worker tries to say how a job ended, where the job directory cannot be reached.
///
/// The attempt stays on its list meanwhile, so a short outage costs neither the result nor a count. After a lease's time
/// others have the job, or will.
struct CommitDeadline {
    private let directory: JobDirectory
    private let isDraining: Monitor<Bool>
    private let end: BootClock.Instant

    /// Ends at once where the worker is asked to leave.
    init(_ directory: JobDirectory, isDraining: Monitor<Bool>) {
        self.directory = directory
        self.isDraining = isDraining
        end = directory.platform.now.advanced(by: directory.settings.lease)
    }

    /// Waits for a while, and says whether another try is worth it.
    func allowsRetry(after verdict: Result<Verdict, FileError>) -> Bool {
        guard case .failure(let error) = verdict, !error.isEnvironmental || error.isClosure,
            directory.platform.now < end
        else {
            return false
        }
        return !directory.platform.wait(on: isDraining, atMost: directory.settings.heartbeat / 5) { $0 }
    }
}
