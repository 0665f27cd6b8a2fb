// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@testable import Coordination

/// One thing is told of as one.
@Suite(.timeLimit(.minutes(120)))
struct CountedWordsTests {
    @Test(arguments: [
        (1, 0, "1 job could not be done"), (2, 0, "2 jobs could not be done"), (0, 1, "1 job cancelled"),
        (1, 2, "1 job could not be done, and 2 cancelled"),
    ])
    func `jobs that failed and that were cancelled are counted`(failed: Int, cancelled: Int, words: String) {
        let jobs = bucket(0, jobs: failed + cancelled).jobs.map(\.id)
        let reasons = jobs.enumerated().map { ($1, $0 < failed ? Reason.poison : .cancelled) }
        #expect(FailureSummary.count(of: Dictionary(uniqueKeysWithValues: reasons)) == words)
    }

    @Test func `a data set of one image has one image`() throws {
        let photos = try ImageSetTests()
        for name in try LocalFileSystem().names(in: photos.photos) where name != "100.png" {
            try LocalFileSystem().remove(photos.photos.appending(name))
        }
        #expect(try photos.refusal { try photos.check() }.contains("has 1 image, fewer than one batch of 8"))
        let submission = try photos.check(cka: "epochs: 1, iterations: 2, batch_size: 1")
        #expect(submission.warnings.contains { $0.contains("has 1 image: each epoch draws 1 batch of 1, not 2") })
    }
}
