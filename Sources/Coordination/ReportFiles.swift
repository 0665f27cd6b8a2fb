// SPDX-License-Identifier: MIT

internal import Campaigns
private import ComputeEngine
private import FoundationEssentials
internal import JobKinds
internal import JobStorage
internal import Reports
internal import SystemPackage
private import SystemSupport

/// Writes a campaign's reports, `SUCCESS.json` last.
///
/// All but that file are a pure function of the results, so it does no harm if two coordinators write them.
struct ReportFiles {
    private let directory: JobDirectory
    private let manifest: CampaignManifest

    init(_ directory: JobDirectory, _ manifest: CampaignManifest) {
        self.directory = directory
        self.manifest = manifest
    }

    func write(_ report: ComparisonReport, plan: PublicationPlan, to folder: FilePath) throws {
        var files = try contents(of: report).sorted { $0.key < $1.key }
        let digests = files.map { ($0.key, ReportJSON.text(ContentDigest(of: $0.value).hexadecimal)) }
        let counts = Dictionary(plan.buckets.map { ($0.kind, $0.jobs.count) }, uniquingKeysWith: +)
        let success = ReportJSON.object([
            ("campaign", .text(manifest.campaign)),
            ("jobs", .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) })),
            ("merged_at", .number(directory.surroundings.secondsSince1970)),
            ("versions", .object(Runners.versions.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })),
            ("files", .object(digests)),
        ])
        files.append(("SUCCESS.json", Array(success.document.utf8)))
        for (name, bytes) in files {
            let file = name.split(separator: "/").reduce(folder) { $0.appending(String($1)) }
            try directory.fileSystem.makeDirectories(file.removingLastComponent())
            let draft = file.removingLastComponent().appending(".\(directory.surroundings.randomBits())")
            try directory.fileSystem.replace(file, contents: bytes, by: draft)
        }
    }

    private func contents(of report: ComparisonReport) throws -> [String: [UInt8]] {
        var files = [
            "cka.json": Array(report.json.utf8),
            "cka.csv": Array(report.csv.utf8),
            "cka.npy": report.ckaArray,
            "debiased.npy": report.debiasedArray,
            "index.json": Array(index.document.utf8),
        ]
        for layer in manifest.layers { files["heatmaps/\(layer).png"] = try report.heatMap(of: layer) }
        return files
    }

    /// The axes of the arrays in the report, and where activations lie.
    private var index: ReportJSON {
        let arrays = manifest.layers.flatMap { layer in
            manifest.models.map { model in
                let address = manifest.activations(of: model, layer: layer)
                return ReportJSON.object([
                    ("model", .text(model.name)),
                    ("layer", .text(layer)),
                    ("path", .text(directory.array(address).string)),
                    ("digest", .text(address.hexadecimal)),
                ])
            }
        }
        return .object([
            (
                "axes",
                .object([
                    ("layers", .list(manifest.layers.map { .text($0) })),
                    ("models", .list(manifest.models.map { .text($0.name) })),
                ])
            ),
            ("arrays", .list(arrays)),
        ])
    }
}
