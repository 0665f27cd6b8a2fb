// SPDX-License-Identifier: MIT

private import Networks
public import SystemPackage

/// The layers of a network that can be looked at, with their numbers of neurons.
public struct LayerList: Sendable {
    /// Lists the layers, after reading the model where one is given.
    ///
    /// - Parameters:
    ///   - model: a file, a published name, or "seeded:10".
    ///   - folder: where relative paths begin.
    ///   - published: the networks that have names.
    /// - Throws: `SubmissionError` where the model cannot be read.
    public init(
        of model: String?,
        below folder: FilePath,
        published: any ModelCatalogue = NoPublishedModels()
    ) throws {
        guard let model else { return }
        do {
            _ = try ModelSource(model, below: folder, published: published).weights(batchNorm: false, strict: true)
        } catch let error as SubmissionError {
            throw error
        } catch {
            throw SubmissionError("\"\(model)\": \(error)")
        }
    }

    /// A line a layer: name and number of neurons.
    public var text: String {
        InceptionV1.layers.map { layer in
            layer.name + String(repeating: " ", count: 24 - layer.name.count) + "\(layer.neuronCount)"
        }.joined(separator: "\n")
    }

    /// A list of pairs, as the reference's `layer_info`.
    public var json: String {
        let rows = InceptionV1.layers.map { "[\"\($0.name)\", \($0.neuronCount)]" }
        return "[\n  \(rows.joined(separator: ",\n  "))\n]"
    }
}
