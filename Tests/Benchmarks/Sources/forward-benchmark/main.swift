// SPDX-License-Identifier: MIT

import ComputeEngine
import Networks
import SystemSupport

// Images a second of the forward pass with all 58 layers hooked, by threads that share one network.
// Usage: forward-benchmark [threads] [layer,…]

let arguments = CommandLine.arguments
let threads = arguments.count > 1 ? Int(arguments[1]) ?? 2 : 2
let layers = arguments.count > 2 ? arguments[2].split(separator: ",").map(String.init) : InceptionV1.layers.map(\.name)
let network = try CompiledNetwork(NetworkWeights(seed: 10, batchNorm: false), wanted: layers)
let rounds = 24
let clock = ContinuousClock()

for attempt in 0..<3 {
    let started = Monitor(0)
    let times = Monitor<[Duration]>([])
    try onThreads(threads, named: "forward") { _ in
        let instance = try NetworkInstance(of: network)
        var sum: Float = 0
        func round() throws {
            try instance.run { input in
                for index in input.indices { input[index] = Float(index & 255) - 117 }
            } deliver: { output in
                sum += Float(output.layer.neuronCount)
            }
        }
        try round()
        started.withLock { $0 += 1 }
        started.wait { $0 == threads ? () : nil }
        let time = try clock.measure { for _ in 0..<rounds { try round() } }
        times.withLock { $0.append(time) }
    }
    let longest = times.withLock { $0.max() ?? .zero }
    let images = Double(threads * rounds * CompiledNetwork.batchSize)
    let seconds = Double(longest.components.seconds) + Double(longest.components.attoseconds) * 1e-18
    print("run \(attempt): \(images / seconds) images/s on \(threads) threads, \(CPUEngine.instructionSet)")
}
print("shared \(ByteCount(network.sharedByteCount)), instance \(ByteCount(network.instanceByteCount))")
for (operation, implementation) in network.implementations where arguments.contains("--kernels") {
    print(implementation, operation)
}
