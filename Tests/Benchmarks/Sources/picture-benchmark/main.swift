// SPDX-License-Identifier: MIT

import FeatureVisualization
import Glibc

// Milliseconds of a processor that a picture's step takes beside the network: input and descent.
// Usage: picture-benchmark [size] [lucent|lucid] [standard|none]

let arguments = CommandLine.arguments
let size = arguments.count > 1 ? Int(arguments[1]) ?? 224 : 224
let compatibility = arguments.count > 2 ? Compatibility(rawValue: arguments[2]) ?? .lucent : .lucent
let transforms = arguments.count > 3 ? TransformSet(rawValue: arguments[3]) ?? .standard : .standard
let schedule = TransformSchedule(
    seed: 7,
    layer: "mixed4a_3x3",
    size: size,
    compatibility: compatibility,
    transforms: transforms
)
let workspace = try PictureWorkspace(for: schedule)
let pictures = try (0..<4).map { neuron in
    try PictureState(PictureIdentity(seed: 7, layer: "mixed4a_3x3", neuron: neuron, variant: 0), schedule)
}
let rounds = 16

/// The processor time of this thread in milliseconds, which what else the machine does changes less than a clock's.
func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
}

for attempt in 0..<5 {
    var (input, descent) = (0.0, 0.0)
    for step in 1...rounds {
        let count = 3 * schedule.side(at: step) * schedule.side(at: step)
        var values = [Float](repeating: 0, count: count)
        let gradient = [Float](repeating: 1e-4, count: count)
        for picture in pictures {
            let start = processorTime()
            var span = values.mutableSpan
            picture.writeInput(step: step, into: &span, using: workspace)
            let middle = processorTime()
            precondition(picture.descend(step: step, along: gradient.span, using: workspace), "it is finite")
            input += middle - start
            descent += processorTime() - middle
        }
    }
    let count = Double(rounds * pictures.count)
    print("run \(attempt): input \(input / count) ms, descent \(descent / count) ms a picture and step")
}
let bytes = (picture: PictureState.byteCount(for: schedule), workspace: PictureWorkspace.byteCount(for: schedule))
print("a picture takes \(bytes.picture) bytes, a workspace \(bytes.workspace)")
