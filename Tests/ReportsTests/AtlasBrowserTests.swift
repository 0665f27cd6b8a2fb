// SPDX-License-Identifier: MIT

import ImageCoding
import Reports
import Subprocess
import SystemPackage
import SystemSupport
import TestSupport
import Testing

/// The page as a person uses it: a script drives it in a browser.
@Suite("The atlas in a browser", .timeLimit(.minutes(15)))
struct AtlasBrowserTests {
    @Test("It is searched, compared, zoomed, linked to and moved about in, without a network or an error")
    func drive() async throws {
        try await withTemporaryDirectory { directory in
            let sample = try SampleAtlas(in: directory.appending("atlas"))
            try sample.writePage()
            try sample.writePage(to: directory.appending("ended"), ending: .cancelled)
            try writeLargeAtlas(to: directory.appending("large"))
            try await runScript("drive_atlas.py", [directory.string])
        }
    }

    /// An atlas with more neurons in a layer than any network has.
    private func writeLargeAtlas(to directory: FilePath) throws {
        let picture = RGBImage(width: 2, height: 2, pixels: [200, 90, 40, 90, 200, 40, 40, 90, 200, 200, 200, 40])
        try write(encodePNG(picture), as: "m/one.png", in: directory)
        let atlas = Atlas(
            campaign: "large-01234567",
            models: ["m"],
            layers: ["wide"],
            parameters: [],
            expected: 20_000,
            ending: nil,
            pictures: (0..<20_000).map { channel in
                AtlasPicture(
                    model: "m",
                    layer: "wide",
                    channel: channel,
                    threshold: 512,
                    steps: 512,
                    seed: 0,
                    file: "m/one.png",
                    objective: Double(channel % 977),
                    trace: (0..<32).map { Float($0 * channel) }[...]
                )
            },
            exemplars: []
        )
        for file in atlas.page(sheets: []) { try write(file.bytes, as: file.name, in: directory) }
    }

    private func runScript(_ name: String, _ arguments: [String]) async throws {
        let script = FilePath(#filePath).removingLastComponent().appending("Resources").appending(name)
        var options = PlatformOptions()
        // The script ends its browser when it is asked to leave.
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(10))]
        let result = try await Subprocess.run(
            .path(python()),
            arguments: Arguments([script.string] + arguments),
            platformOptions: options,
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
    }
}
