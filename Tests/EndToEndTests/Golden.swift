// SPDX-License-Identifier: MIT

import FoundationEssentials
import Networks
import SystemPackage
import SystemSupport
import TensorStorage
import Testing

/// What the Python reference computed of seeded networks and of the images of this package.
enum Golden {
    /// Network A + N/4, rounded once to single precision.
    static func networkB() throws -> [(name: String, shape: [Int], values: [Float])] {
        let a = try NetworkWeights(seed: 10, batchNorm: false)
        let n = try NetworkWeights(seed: 11, batchNorm: false)
        return NetworkWeights.tensors(batchNorm: false).map { tensor in
            (tensor.name, tensor.shape, zip(a[tensor.name], n[tensor.name]).map { $0 + 0.25 * $1 })
        }
    }

    private struct Report: Decodable {
        struct Pair: Decodable {
            let layer: String
            let a: String
            let b: String
            let cka: Double
            let debiased: Double
            let epochs: [Epoch]
        }

        struct Epoch: Decodable {
            let cka: Double
            let debiased: Double
        }

        let pairs: [Pair]
    }

    /// Compares a `cka.json` of three epochs of 32 images with what the reference's formulas give in double precision.
    ///
    /// - Parameters:
    ///   - bytes: the report.
    ///   - names: what the report calls the networks A, B and C.
    /// - Throws: where the report cannot be read.
    static func checkSimilarities(_ bytes: [UInt8], names: [String: String]) throws {
        let golden = try LocalFileSystem().contents(of: Package.resources.appending("cka.json"), limit: 1 << 20)
        let expected = try JSONDecoder().decode(Report.self, from: Data(golden)).pairs
        let actual = try JSONDecoder().decode(Report.self, from: Data(bytes)).pairs
        #expect(expected.count == 8 && actual.count == 12)
        var worst = (mean: 0.0, epoch: 0.0)
        for pair in expected {
            let (a, b) = (names[pair.a], names[pair.b])
            let found = try #require(actual.first { ($0.layer, $0.a, $0.b) == (pair.layer, a, b) })
            worst.mean = max(worst.mean, abs(found.cka - pair.cka), abs(found.debiased - pair.debiased))
            #expect(found.epochs.count == pair.epochs.count)
            for (mine, theirs) in zip(found.epochs, pair.epochs) {
                worst.epoch = max(worst.epoch, abs(mine.cka - theirs.cka), abs(mine.debiased - theirs.debiased))
            }
        }
        print("largest difference from the reference: mean \(worst.mean), epoch \(worst.epoch)")
        // Activations in single precision differ from the reference's by rounding, hundreds of times less than this.
        #expect(worst.mean <= 1e-6)
        #expect(worst.epoch <= 1e-6)
    }

    /// Every so manieth activation of a layer of network A for the first four images, as the reference computed them.
    static func activations(_ layer: String) throws -> (step: Int, largest: Float, values: [Float]) {
        struct Samples: Decodable {
            struct Sample: Decodable {
                let step: Int
                let largest: Float
            }

            let samples: [String: Sample]
        }
        let folder = Package.root.pushing("Tests/NetworksTests/Resources")
        func contents(_ name: String) throws -> [UInt8] {
            try LocalFileSystem().contents(of: folder.appending(name), limit: 1 << 24)
        }
        let samples = try JSONDecoder().decode(Samples.self, from: Data(contents("activations.json"))).samples
        let sample = try #require(samples["A-\(layer)"])
        return (sample.step, sample.largest, try NumPyFile(parsing: contents("A-\(layer).npy")).floats)
    }
}
