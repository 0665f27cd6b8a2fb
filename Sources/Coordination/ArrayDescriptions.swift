// SPDX-License-Identifier: MIT

import Campaigns
import FoundationEssentials
import JobStorage
import SystemPackage
import SystemSupport

/// Says in words what arrays of a job directory hold, by what stands beside them and in the campaigns that pinned them.
struct ArrayDescriptions {
    private struct Metadata: Decodable {
        let attributes: Attributes
    }

    /// The attributes by which arrays are told apart.
    private struct Attributes: Decodable {
        let layer: String?
        let weights: String?
        let batchNorm: Bool?
        let activations: String?

        enum CodingKeys: String, CodingKey {
            case layer, weights, activations
            case batchNorm = "batch_norm"
        }
    }

    private let directory: JobDirectory
    private var manifests: [CampaignID: CampaignManifest?] = [:]

    init(_ directory: JobDirectory) {
        self.directory = directory
    }

    /// What an array is, for the campaigns that pinned it.
    mutating func text(of array: FilePath, users: [CampaignID]) -> String {
        guard let attributes = attributes(of: array) else { return "an array that cannot be read" }
        guard let origin = attributes.activations else { return activations(attributes, users) }
        guard let address = ContentDigest(hexadecimal: origin),
            let source = self.attributes(of: directory.array(address))
        else { return "Gram matrix of activations that are gone" }
        return "Gram matrix of \(activations(source, users))"
    }

    private mutating func activations(_ attributes: Attributes, _ users: [CampaignID]) -> String {
        let layer = attributes.layer ?? "a layer"
        guard let weights = attributes.weights else { return "imported activations of \(layer)" }
        let names = Set(users.flatMap { models($0, weights, attributes.batchNorm ?? false) }).sorted()
        let model = names.isEmpty ? "a network of weights \(weights.prefix(8))" : names.joined(separator: ", ")
        return "activations of \(layer) of \(model)"
    }

    /// What a campaign calls the networks of some weights.
    private mutating func models(_ campaign: CampaignID, _ weights: String, _ batchNorm: Bool) -> [String] {
        let known = manifests[campaign] ?? (try? CampaignFiles.manifest(of: campaign, in: directory))
        manifests[campaign] = .some(known)
        return (known?.models ?? []).filter { model in
            model.network.map { $0.weights.hexadecimal == weights && $0.batchNorm == batchNorm } ?? false
        }.map(\.name)
    }

    private func attributes(of array: FilePath) -> Attributes? {
        let file = array.appending("zarr.json")
        guard let bytes = try? directory.fileSystem.contents(of: file, limit: 1 << 20) else { return nil }
        return try? JSONDecoder().decode(Metadata.self, from: Data(bytes)).attributes
    }
}
