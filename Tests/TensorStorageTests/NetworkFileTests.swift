// SPDX-License-Identifier: MIT

import JobKinds
import Networks
import SystemSupport
import Testing

@testable import TensorStorage

/// A whole network, of numbers that even the shortest format holds exactly.
private let network: [StoredTensor] = {
    let seeded = (try? NetworkWeights(seed: 7, batchNorm: false))?.stateDictionary ?? []
    return seeded.map { tensor in
        guard tensor.elementType == .float32 else { return tensor }
        // Rounded down to eight bits of mantissa and a small exponent, for bfloat16 and float16 alike.
        let values = tensor.elementType.floats(tensor.bytes).map { value in
            let rounded = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
            return abs(rounded) < 0x1p-14 ? 0 : rounded
        }
        return StoredTensor(tensor.name, shape: tensor.shape, values)
    }
}()

@Suite("A network in every format", .timeLimit(.minutes(120)))
struct NetworkFileTests {
    /// How a file differs from the one that `torch.save` writes of the network today.
    enum Form: CaseIterable {
        case plain, legacy, safetensors, float64, legacyFloat16, bfloat16, safetensorsFloat16
        case withoutBatchNorm, prefixed, prefixedTwice, wrapped, extra, reversed
    }

    private static func file(_ form: Form) throws -> [UInt8] {
        switch form {
        case .plain: try encodeTorchFile(network)
        case .legacy: state(network).legacyFile()
        case .safetensors: encodeSafetensors(network, metadata: [:])
        case .float64: try encodeTorchFile(network.map { converted($0, to: .float64) })
        case .legacyFloat16: state(network.map { converted($0, to: .float16) }).legacyFile()
        case .bfloat16: try encodeTorchFile(network.map { converted($0, to: .bfloat16) })
        case .safetensorsFloat16: encodeSafetensors(network.map { converted($0, to: .float16) }, metadata: [:])
        case .withoutBatchNorm: try encodeTorchFile(network.filter { !$0.name.contains("_bn.") })
        case .prefixed: try encodeTorchFile(network.map { renamed($0, "module." + $0.name) })
        case .prefixedTwice: encodeSafetensors(network.map { renamed($0, "model.net." + $0.name) }, metadata: [:])
        case .wrapped: try Pickle.dictionary([("epoch", .integer(1)), ("net", state(network))]).archive()
        case .extra: try encodeTorchFile(network + [StoredTensor("head.weight", shape: [1], [1] as [Float])])
        case .reversed: try encodeTorchFile(network.reversed())
        }
    }

    @Test("It has one digest, whatever file it comes from", arguments: Form.allCases)
    func digest(form: Form) throws {
        let weights = try NetworkWeights(readTensors(Self.file(form)), batchNorm: false, strict: true)
        let used = NetworkWeights.tensors(batchNorm: false).map(\.name)
        let expected = encodeSafetensors(network.filter { used.contains($0.name) }, metadata: ["batch_norm": "false"])
        #expect(ContentDigest(of: weights.cacheFile()) == ContentDigest(of: expected))
    }

    @Test("Its batch norm is kept where it has one", arguments: WeightsFormat.allCases)
    func keepsBatchNorm(format: WeightsFormat) throws {
        let original = try NetworkWeights(seed: 3, batchNorm: true)
        let file = try original.file(as: format)
        #expect(try NetworkWeights(readTensors(file), batchNorm: true, strict: true) == original)
    }

    @Test("It is written with the reference's 401 tensors", arguments: WeightsFormat.allCases)
    func writesWholeState(format: WeightsFormat) throws {
        let tensors = try readTensors(NetworkWeights(seed: 3, batchNorm: false).file(as: format))
        #expect(tensors.count == 401)
        #expect(tensors.values.reduce(0) { $0 + $1.values.count } == 6_103_405)
        let key = "mixed4a_3x3_pre_relu_bn"
        let expected: [String: Float] = ["weight": 1, "bias": 0, "running_mean": 0, "running_var": 1]
        for (name, value) in expected {
            #expect(tensors["\(key).\(name)"]?.values == [Float](repeating: value, count: 204))
        }
        let counter = try #require(tensors["\(key).num_batches_tracked"])
        #expect(counter == NamedTensor(shape: [], elementType: .int64, values: [0]))
    }

    private static func state(_ tensors: [StoredTensor]) -> Pickle {
        .dictionary(tensors.enumerated().map { ($1.name, .tensor($1, key: "\($0)")) })
    }

    private static func renamed(_ tensor: StoredTensor, _ name: String) -> StoredTensor {
        StoredTensor(name, shape: tensor.shape, tensor.elementType, bytes: tensor.bytes)
    }

    private static func converted(_ tensor: StoredTensor, to type: ElementType) -> StoredTensor {
        let values = tensor.elementType.floats(tensor.bytes)
        func bytes<Number: BitwiseCopyable>(of numbers: [Number]) -> [UInt8] { memoryBytes(of: numbers.span) }
        let converted =
            switch type {
            case .float64: bytes(of: values.map { Double($0) })
            case .float16: bytes(of: values.map { Float16($0) })
            default: bytes(of: values.map { UInt16($0.bitPattern >> 16) })
            }
        return StoredTensor(tensor.name, shape: tensor.shape, type, bytes: converted)
    }
}
