// SPDX-License-Identifier: MIT

private import Campaigns
private import JobKinds
private import Networks
public import SystemPackage
private import SystemSupport
private import TensorStorage

/// A campaign's model after its edits, whole, as a file that PyTorch and the reference read.
public struct ModelExport: Sendable {
    private let bytes: [UInt8]
    private let output: FilePath
    /// How many tensors the file has.
    public let tensorCount: Int
    /// How many bytes it has.
    public var byteCount: Int { bytes.count }

    /// The endings of files that can be written.
    public static let fileExtensions = ["pt", "pth", "safetensors"]

    /// Loads a model and makes its edits; nothing is written yet.
    ///
    /// - Parameters:
    ///   - model: its name in the campaign.
    ///   - file: the campaign file.
    ///   - output: where to write; its ending tells the format.
    ///   - published: the networks that have names.
    /// - Throws: `SubmissionError` for anything that is wrong with what was asked.
    public init(of model: String, in file: FilePath, to output: FilePath, published: any ModelCatalogue) throws {
        guard let format = WeightsFormat(fileExtension: output.extension) else {
            throw SubmissionError("\(output): a network is written to a .pt, .pth or .safetensors file")
        }
        let campaign = try Self.campaign(file)
        guard campaign.models.contains(where: { $0.name == model }) else {
            let known = campaign.models.map(\.name).joined(separator: ", ")
            throw SubmissionError("\(file): there is no model \"\(model)\"; known are: \(known)")
        }
        var loading = ModelLoading(campaign, file: file, published: published)
        let weights = try loading.weights(of: model)
        bytes = try weights.file(as: format)
        tensorCount = NetworkWeights.stateTensors.count
        self.output = output
    }

    /// Writes the file.
    ///
    /// - Throws: `SubmissionError` where there is no such folder; `FileError` where the disk refuses.
    public func write() throws { try writeOutput(bytes, to: output) }

    private static func campaign(_ file: FilePath) throws -> Campaign {
        do {
            let text = try LocalFileSystem().contents(ofUserFile: file, limit: CampaignFile.byteLimit)
            return try CampaignFile.parse(text)
        } catch let error as FileError {
            throw SubmissionError("\(error)")
        } catch let error as CampaignError {
            guard let line = error.line else { throw SubmissionError("\(file): \(error.message)") }
            throw SubmissionError(file, line: line, column: error.column ?? 1, error.message)
        }
    }
}
