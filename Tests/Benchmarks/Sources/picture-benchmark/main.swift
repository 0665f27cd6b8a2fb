// SPDX-License-Identifier: MIT

import FeatureVisualization

// Milliseconds of one thread that a picture's step takes beside the network: input and descent.
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
let clock = ContinuousClock()

for attempt in 0..<5 {
    var times = (input: Duration.zero, descent: Duration.zero)
    for step in 1...16 {
        let count = 3 * schedule.side(at: step) * schedule.side(at: step)
        var input = [Float](repeating: 0, count: count)
        let gradient = (0..<count).map { Float($0 & 255) * 1e-6 - 1e-4 }
        for picture in pictures {
            times.input += clock.measure {
                var span = input.mutableSpan
                picture.writeInput(step: step, into: &span, using: workspace)
            }
            times.descent += clock.measure {
                precondition(picture.descend(step: step, along: gradient.span, using: workspace), "it is finite")
            }
        }
    }
    print("run \(attempt): input \(times.input / 64), descent \(times.descent / 64) a picture and step")
}
let bytes = (picture: PictureState.byteCount(for: schedule), workspace: PictureWorkspace.byteCount(for: schedule))
print("a picture takes \(bytes.picture) bytes, a workspace \(bytes.workspace)")
