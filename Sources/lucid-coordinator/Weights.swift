// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import SystemPackage
import SystemSupport

struct Weights: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show statistics of a layer's or a neuron's weights, or write them as NumPy arrays.",
        discussion: """
            Prints shape, count, mean, standard deviation, minimum, maximum and L2 norm of weights and biases, and of \
            batch norm's parameters where the model has them. With --output, the weights are written to F.npy and the \
            biases to F-bias.npy beside it.

            EXAMPLES
              lucid-coordinator weights weights/adam.pt mixed4a_3x3
              lucid-coordinator weights weights/adam.pt mixed4a_3x3:7 --json
              lucid-coordinator weights seeded:10 conv2d0 --output conv2d0.npy
            """
    )

    @Argument(help: "A .pt, .pth or .safetensors file, a published name, or seeded:NUMBER.")
    var model: String

    @Argument(help: ArgumentHelp("A layer, or one of its neurons.", valueName: "layer[:neuron]"))
    var place: String

    @Option(help: ArgumentHelp("Write the weights here, and the biases beside them.", valueName: "F.npy"))
    var output: String?

    @OptionGroup var source: SourceOptions

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        _ = try Self.parse(place)
        if let output, FilePath(output).extension != "npy" {
            throw ValidationError("\"\(output)\" does not end in .npy")
        }
    }

    func run() throws {
        try withExitCodes {
            let (layer, neuron) = try Self.parse(place)
            let weights = try LayerWeights(
                of: layer,
                neuron: neuron,
                in: model,
                below: currentDirectory(),
                published: source.publishedForUser
            )
            if let remark = weights.remark { Terminal.note("warning: \(remark)") }
            if let output {
                for file in try weights.write(to: absolutePath(output)) { Terminal.note("wrote \(file)") }
            }
            Terminal.print(json ? weights.json : weights.text)
        }
    }

    private static func parse(_ place: String) throws -> (layer: String, neuron: Int?) {
        let parts = place.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 1 { return (place, nil) }
        guard parts.count == 2, let neuron = Int(parts[1]), neuron >= 0 else {
            throw ValidationError("\"\(place)\" is no layer or neuron; write for instance mixed4a_3x3 or mixed4a_3x3:7")
        }
        return (parts[0], neuron)
    }
}
