// SPDX-License-Identifier: MIT

import Coordination
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// A network whose activations overflow is compared as far as it can be, and the report says what could not.
@Suite(.timeLimit(.minutes(120)))
struct NonFiniteTests {
    @Test func `features that are not finite are null in the report, with the reason`() throws {
        let real = try RealCampaign()
        let campaign = try real.submit(
            "overflow",
            """
            models:
              a: {weights: "seeded:1"}
              b: {weights: "seeded:2", edits: [{set: conv2d0, value: 1.0e+38}]}
            dataset: {images: photos}
            cka: {layers: [conv2d0, mixed3a_pool_reduce], epochs: 1, iterations: 1, batch_size: 8}
            """
        )
        #expect(try real.end() == [campaign: .done])
        let report = try real.numbers(of: campaign)
        #expect(report.contains("\"cka\": null"))
        #expect(report.contains("features that are not finite"))
    }
}
