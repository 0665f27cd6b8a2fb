// SPDX-License-Identifier: MIT

import ComputeEngine
import Networks
import SystemSupport

// Milliseconds an image, forward to a layer and back to the image, on one thread, and where they go.
// Usage: gradient-benchmark [layer] [side] [--operations]

let arguments = CommandLine.arguments.dropFirst().filter { !$0.hasPrefix("--") }
let layer = arguments.first ?? "mixed4a_3x3"
let side = arguments.dropFirst().first.flatMap { Int($0) } ?? 248
let rounds = 12

let clock = ContinuousClock()
let network = try GradientNetwork(NetworkWeights(seed: 10, batchNorm: false), target: layer)
let objective = BatchObjective(wishes: (0..<4).map { .neuron($0) }, place: .mean, diversity: 1)

nonisolated func milliseconds(_ time: Duration) -> Double {
    Double(time.components.seconds) * 1e3 + Double(time.components.attoseconds) * 1e-15
}

nonisolated func shown(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

@MainActor func plan() throws -> GradientInstance.Plan {
    try GradientInstance.Plan(of: network, side: side, objective: objective)
}

let memory = try FloatBuffer(count: plan().floatCount)
let again = try clock.measure { _ = try GradientInstance(plan(), memory: memory.all) }
let instance = try GradientInstance(plan(), memory: memory.all)
for image in 0..<CompiledNetwork.batchSize {
    instance.withImage(image) { values in
        for index in values.indices { values[index] = Float((index &* 7919) & 255) - 117 }
    }
}
_ = try instance.differentiate(.tenth)

var totals: [String: Duration] = [:]
var operations: [(String, Duration)] = []
for round in 0..<rounds {
    for (index, row) in try instance.timings(.tenth).enumerated() {
        let kernel =
            row.kernel ?? "own: \(row.operation.prefix { $0 != " " })\(row.operation.contains(" back") ? " back" : "")"
        totals[kernel, default: .zero] += row.time
        if round == 0 { operations.append(("\(row.operation) (\(row.kernel ?? "own"))", .zero)) }
        operations[index].1 += row.time
    }
}
let images = Double(rounds * CompiledNetwork.batchSize)
let sum = totals.values.reduce(.zero, +)
print("\(layer) at \(side) × \(side): \(shown(milliseconds(sum) / images)) ms an image, \(CPUEngine.instructionSet)")
print("instance: made again in \(shown(milliseconds(again))) ms, \(ByteCount(memory.count * 4)); ", terminator: "")
print("weights \(ByteCount(network.byteCount))")
for (kernel, time) in totals.sorted(by: { $0.value > $1.value }) {
    print("  \(shown(milliseconds(time) / images)) ms  \(Int((time / sum) * 100)) %  \(kernel)")
}
for (operation, time) in operations where CommandLine.arguments.contains("--operations") {
    print("  \(shown(milliseconds(time) / images)) ms  \(operation)")
}
