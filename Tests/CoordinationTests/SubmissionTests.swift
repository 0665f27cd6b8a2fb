// SPDX-License-Identifier: MIT

import Coordination
import JobStorage
import JobStorageTestSupport
import Networks
import SystemPackage
import SystemSupport
import TensorStorage
import Testing

/// What is looked at before a campaign is accepted, and what its user is told.
@Suite(.timeLimit(.minutes(120)))
struct SubmissionTests {
    private let real: RealCampaign
    private var folder: FilePath { real.temporary.folder.path }

    init() throws {
        real = try RealCampaign()
    }

    private func check(_ text: String) throws -> Submission {
        let file = folder.appending("study.yaml")
        try LocalFileSystem().overwrite(file, contents: Array("name: study\n\(text)".utf8))
        return try Submission(of: file, threads: 1) { _, _, _ in }
    }

    private func jobCount(_ submission: Submission) -> Int { submission.plan.buckets.reduce(0) { $0 + $1.jobs.count } }

    @Test(arguments: [Float.nan, .infinity])
    func `a number that is none is refused, unless an edit takes its place`(number: Float) throws {
        let weights = try NetworkWeights(seed: NetworkSeed(1), batchNorm: false)
        let tensors = NetworkWeights.tensors(batchNorm: false).map { tensor in
            var values = weights[tensor.name]
            if tensor.name == "conv2d2_pre_relu_conv.weight" { values[64 * 9 * 5 + 7] = number }
            return (tensor.name, tensor.shape, values)
        }
        let file = folder.appending("bad.safetensors")
        try LocalFileSystem().create(file, contents: encodeSafetensors(tensors, metadata: [:]), durably: false)
        func text(_ edits: String) -> String {
            """
            models: {a: {weights: "seeded:1"}, b: {weights: bad.safetensors\(edits)}}
            dataset: {images: photos}
            cka: {layers: [mixed3a_pool_reduce], epochs: 1, iterations: 5, batch_size: 8}
            """
        }
        let error = try #require(throws: SubmissionError.self) { try check(text("")) }
        let place = "study.yaml:2:36: model \"b\": conv2d2_pre_relu_conv.weight"
        #expect(error.description.contains("\(place) has a number that is NaN or infinite"), "\(error)")
        _ = try check(text(", edits: [{set: \"conv2d2:5\", value: 0}]"))
        // Of one that only gives others some of its weights, nothing is computed.
        _ = try check(
            text("}, c: {weights: \"seeded:2\", edits: [{set: conv2d0, from: b}]").replacing(
                "8}",
                with: "8, pairs: [[a, c]]}"
            )
        )
        #expect(throws: SubmissionError.self) {
            let edited = text("}, c: {weights: \"seeded:2\", edits: [{set: conv2d2, from: b}]")
            return try check(edited.replacing("8}", with: "8, pairs: [[a, c]]}"))
        }
    }

    @Test func `nothing is computed of a model that no pair names, which is said unless an edit needs it`() throws {
        func text(_ more: String, edits: String = "") -> String {
            """
            models: {a: {weights: "seeded:1"}, b: {weights: "seeded:2"\(edits)}\(more)}
            dataset: {images: photos}
            cka: {layers: [mixed3a_pool_reduce], epochs: 1, iterations: 5, batch_size: 8, pairs: [[a, b]]}
            """
        }
        let two = try check(text(""))
        let idle = try check(text(", c: {weights: \"seeded:3\"}, d: {arrays: {mixed3a_pool_reduce: absent.npy}}"))
        #expect(jobCount(idle) == jobCount(two))
        #expect(idle.warnings.map { $0.prefix(26) } == ["c", "d"].map { "nothing is computed of \"\($0)\"" })
        let edits = ", edits: [{set: \"conv2d2:5\", from: c}]"
        let source = try check(text(", c: {weights: \"seeded:3\"}", edits: edits))
        #expect(jobCount(source) == jobCount(two) && source.warnings.isEmpty)
        let chain = try check(text(", c: {weights: \"seeded:3\"}, d: {weights: \"seeded:4\"\(edits)}"))
        #expect(chain.warnings.count == 2, "what only an idle model needs is idle too")
    }

    private static let network = NetworkWeights.tensors(batchNorm: false).map { tensor in
        StoredTensor(tensor.name, shape: tensor.shape, [Float](repeating: 0.5, count: tensor.count))
    }

    /// A network's file in which one tensor, its own or another, is of a type that is not read.
    private func withUnreadable(_ name: String) throws -> [UInt8] {
        let extra = StoredTensor(name, shape: [2], [1, 2] as [Float])
        var file = encodeSafetensors(Self.network.filter { $0.name != name } + [extra], metadata: [:])
        let entry = try #require(file.firstRange(of: Array("\"\(name)\": {\"dtype\": \"F32\"".utf8)))
        file.replaceSubrange(entry.suffix(4), with: Array("U32\"".utf8))
        return file
    }

    @Test(arguments: [("codes", nil), ("conv2d0_pre_relu_conv.bias", "U32")] as [(String, String?)])
    func `a tensor that is not read refuses a file only where the network has it`(name: String, words: String?) throws {
        let text = """
            models: {a: {weights: "seeded:1"}, b: {weights: b.safetensors}}
            dataset: {images: photos}
            cka: {layers: [mixed3a_pool_reduce], epochs: 1, iterations: 5, batch_size: 8}
            """
        try LocalFileSystem().overwrite(folder.appending("b.safetensors"), contents: withUnreadable(name))
        guard let words else {
            #expect(try check(text).warnings.isEmpty)
            return
        }
        let error = try #require(throws: SubmissionError.self) { try check(text) }
        #expect(error.description.contains(words) && error.description.contains("\"\(name)\""), "\(error)")
        // Another layer of the same file can be looked at all the same.
        let layer = { try LayerWeights(of: $0, neuron: nil, in: "b.safetensors", below: self.folder) }
        #expect(try layer("conv2d1").remark == nil)
        #expect(throws: SubmissionError.self) { try layer("conv2d0") }
    }

    @Test func `it is said which of several dictionaries of a file was taken`() throws {
        let resources = FilePath(#filePath).removingLastComponent().removingLastComponent().pushing(
            "TensorStorageTests/Resources"
        )
        let file = try LocalFileSystem().contents(of: resources.pushing("field/two.pt"), limit: 1 << 20)
        try LocalFileSystem().overwrite(folder.appending("two.pt"), contents: file)
        // It has none of the network's tensors, which are zeros then.
        let submission = try check(
            """
            models: {a: {weights: "seeded:1"}, b: {weights: two.pt, strict: false}}
            dataset: {images: photos}
            cka: {layers: [mixed3a_pool_reduce], epochs: 1, iterations: 5, batch_size: 8}
            """
        )
        let warning = try #require(submission.warnings.first)
        #expect(
            warning.contains("model \"b\": \"two.pt\"") && warning.contains("\"state_dict\" was taken"),
            "\(warning)"
        )
        let layer = try LayerWeights(of: "conv2d0", neuron: nil, in: "seeded:1", below: folder)
        #expect(layer.remark == nil)
    }
}
