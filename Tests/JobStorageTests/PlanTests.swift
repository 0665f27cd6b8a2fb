// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct PlanTests {
    @Test func `a plan is read back as it was written, and the same plan is the same bytes`() throws {
        let odd = JobSpecification(kind: "sum", payload: Array("{ \"a\\u00e4\" : \"ä/\\n\" }\n".utf8), priority: 5)
        let first = JobPlan.Bucket(
            name: BucketName(number: 0),
            kind: "sum",
            priority: 5,
            dependsOn: [],
            jobs: [odd]
        )
        let plan = try JobPlan(campaign: campaign(), buckets: [first, bucket(1, jobs: 3, after: [0])])
        let bytes = plan.encoded()
        #expect(try JobPlan(decoding: bytes) == plan)
        #expect(bytes == plan.encoded())
    }

    @Test func `a plan cut short anywhere is refused`() throws {
        let bytes = try JobPlan(campaign: campaign(), buckets: [bucket(0, jobs: 2)]).encoded()
        for length in bytes.indices {
            #expect(throws: PlanError.self) { try JobPlan(decoding: Array(bytes[..<length])) }
        }
    }

    @Test func `plans that cannot be carried out are refused`() throws {
        let id = try campaign()
        #expect(throws: PlanError.repeatedBucket(BucketName(number: 0))) {
            try JobPlan(campaign: id, buckets: [bucket(0, jobs: 0), bucket(0, jobs: 1)])
        }
        #expect(throws: PlanError.unknownDependency(of: BucketName(number: 0), on: BucketName(number: 1))) {
            try JobPlan(campaign: id, buckets: [bucket(0, jobs: 1, after: [1]), bucket(1, jobs: 1)])
        }
        let one = bucket(0, jobs: 1)
        let copy = JobPlan.Bucket(
            name: BucketName(number: 1),
            kind: one.kind,
            priority: one.priority,
            dependsOn: [],
            jobs: one.jobs
        )
        #expect(throws: PlanError.repeatedJob(one.jobs[0].id)) {
            try JobPlan(campaign: id, buckets: [one, copy])
        }
    }

    @Test func `a campaign is registered once, and another one of its name is refused`() throws {
        let temporary = try TemporaryJobDirectory()
        let directory = temporary.directory
        let plan = try JobPlan(campaign: campaign(), buckets: [bucket(0, jobs: 2)])
        let files = ["campaign.yaml": Array("name: test".utf8)]
        let scratch = try temporary.scratch()
        #expect(try directory.register(plan, files: files, scratch: scratch) == .registered)
        #expect(try directory.register(plan, files: files, scratch: scratch) == .alreadySubmitted)
        #expect(try directory.campaigns() == [plan.campaign])
        #expect(try directory.plan(of: plan.campaign) == plan)
        let commented = ["campaign.yaml": Array("name: test # again".utf8)]
        #expect(try directory.register(plan, files: commented, scratch: scratch) == .alreadySubmitted)
        let other = try JobPlan(campaign: campaign(), buckets: [bucket(0, jobs: 3)])
        #expect(throws: JobDirectoryError.campaignDiffers(plan.campaign, file: "plan")) {
            try directory.register(other, files: files, scratch: scratch)
        }
        #expect(try directory.fileSystem.names(in: scratch) == [])
    }

    @Test func `two who register the same campaign at once leave one behind`() throws {
        let temporary = try TemporaryJobDirectory()
        let plan = try JobPlan(campaign: campaign(), buckets: [bucket(0, jobs: 20)])
        let outcomes = Monitor<[Registration]>([])
        try onThreads(4, named: "register") { _ in
            let outcome = try temporary.directory.register(plan, files: [:], scratch: temporary.scratch())
            outcomes.withLock { $0.append(outcome) }
        }
        #expect(outcomes.withLock { $0.filter { $0 == .registered }.count } == 1)
    }
}
