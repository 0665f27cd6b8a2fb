// SPDX-License-Identifier: MIT

internal import Campaigns
private import HTTPTransfer
internal import Networks
internal import SystemPackage

/// Loads a campaign's networks and makes the edits that it asks for, in order.
struct ModelLoading {
    private let campaign: Campaign
    private let file: FilePath
    private let published: any ModelCatalogue
    private var loaded: [String: NetworkWeights] = [:]
    /// What the user should know of how files were read.
    private(set) var remarks: [String] = []

    /// Networks of a campaign whose paths are relative to its file.
    init(_ campaign: Campaign, file: FilePath, published: any ModelCatalogue = NoPublishedModels()) {
        self.campaign = campaign
        self.file = file
        self.published = published
    }

    /// The weights of a model after all its edits; edits from another model take that one's weights after its own edits.
    mutating func weights(of name: String) throws -> NetworkWeights { try weights(of: name, asking: []) }

    /// The same of a model with which something is computed; refused where a number is NaN or infinite.
    mutating func finiteWeights(of model: Campaign.Model) throws -> NetworkWeights {
        let weights = try weights(of: model.name)
        guard let (tensor, count) = weights.nonFiniteTensor else { return weights }
        let numbers = count == 1 ? "a number that is" : "\(count) numbers that are"
        throw error(model, "\(tensor) has \(numbers) NaN or infinite, which nothing can be computed with")
    }

    private mutating func weights(of name: String, asking: [String]) throws -> NetworkWeights {
        if let known = loaded[name] { return known }
        guard let model = campaign.models.first(where: { $0.name == name }) else {
            throw SubmissionError("there is no model \"\(name)\"")
        }
        guard !asking.contains(name) else {
            let circle = (asking + [name]).joined(separator: " from ")
            throw error(model, "these models are edited from one another in a circle: \(circle)")
        }
        var weights = try original(of: model)
        for edit in model.edits {
            let source: NetworkWeights.EditSource =
                if let from = edit.from {
                    .network(try self.weights(of: from, asking: asking + [name]))
                } else {
                    .constant(edit.value ?? 0)
                }
            let mode = NetworkWeights.EditMode(rawValue: edit.mode) ?? .both
            try weights.set(edit.layer, neuron: edit.neuron, mode: mode, from: source)
        }
        loaded[name] = weights
        return weights
    }

    private mutating func original(of model: Campaign.Model) throws -> NetworkWeights {
        guard let weights = model.weights else {
            throw error(model, "it has arrays and no weights; a network is needed here")
        }
        do {
            let source = try ModelSource(
                weights,
                below: file.removingLastComponent(),
                published: published
            )
            if let remark = source.remark { remarks.append("model \"\(model.name)\": \"\(weights)\": \(remark)") }
            return try source.weights(batchNorm: model.batchNorm, strict: model.strict)
        } catch let failure as TransferError {
            // The network's fault, not the campaign's.
            throw failure
        } catch let known as SubmissionError {
            throw self.error(model, known.description)
        } catch {
            throw self.error(model, "\"\(weights)\": \(error)")
        }
    }

    private func error(_ model: Campaign.Model, _ message: String) -> SubmissionError {
        SubmissionError(file, line: model.place.line, column: model.place.column, "model \"\(model.name)\": \(message)")
    }
}
