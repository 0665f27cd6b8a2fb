// SPDX-License-Identifier: MIT

internal import Campaigns
private import JobKinds
internal import JobStorage
internal import Reports
private import SystemPackage
internal import SystemSupport

/// The files of a campaign's report beside its atlas.
struct ReportFiles {
    private let directory: JobDirectory
    private let manifest: CampaignManifest

    init(_ directory: JobDirectory, _ manifest: CampaignManifest) {
        self.directory = directory
        self.manifest = manifest
    }

    /// The files by name, in order; those of the comparison where there is one.
    func contents(of report: ComparisonReport?) throws -> [(name: String, bytes: [UInt8])] {
        var files = ["index.json": Array(index.document.utf8)]
        if let dataset = manifest.images?.dataset { files["images.csv"] = try table(of: dataset) }
        var heatMaps: [String] = []
        if let report {
            files["cka.json"] = Array(report.json.utf8)
            files["cka.csv"] = Array(report.csv.utf8)
            files["cka.npy"] = report.ckaArray
            files["debiased.npy"] = report.debiasedArray
            for layer in report.layers {
                heatMaps.append("heatmaps/\(layer).png")
                files["heatmaps/\(layer).png"] = try report.heatMap(of: layer)
            }
        }
        let others = files.keys.filter { !heatMaps.contains($0) }.sorted()
        files["index.html"] = Array(page(heatMaps: heatMaps, others: others).html.utf8)
        return files.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The axes of the comparison's arrays, and where activations lie.
    private var index: ReportJSON {
        let comparison = manifest.comparison
        let layers = comparison?.layers ?? []
        let members: [(String, ReportJSON)] = [
            (
                "axes",
                .object([
                    ("layers", .list(layers.map { .text($0) })),
                    ("models", .list(manifest.models.map { .text($0.name) })),
                ])
            ),
            ("arrays", .list(arrays)),
        ]
        return .object(members + (images.map { [("images", $0)] } ?? []))
    }

    // MARK: Images

    /// How many images the data set has, how many of these went through the networks, and how many were left out.
    var imageCounts: [(String, ReportJSON)]? {
        guard let images = manifest.images, let dataset = images.dataset else { return nil }
        return [
            ("count", .integer(dataset.count)), ("used", .integer(images.count)),
            ("skipped", .integer(dataset.skipped)),
        ]
    }

    /// The counts, the first images that were left out, and how many images have which label.
    private var images: ReportJSON? {
        guard let imageCounts, let dataset = manifest.images?.dataset else { return nil }
        let skipped = dataset.skippedImages.map { image in
            ReportJSON.object([("image", .text(image.image)), ("reason", .text(image.reason))])
        }
        let labels = dataset.labels.map { label in
            ReportJSON.object([
                ("label", .text(label.label)),
                ("counts", .object(label.counts.map { ($0.value, .integer($0.count)) })),
            ])
        }
        return .object(imageCounts + [("skipped_images", .list(skipped)), ("labels", .list(labels))])
    }

    /// The table of images as `submit` made it.
    private func table(of dataset: CampaignManifest.Dataset) throws -> [UInt8] {
        let file = directory.listFile(dataset.table)
        do throws(FileError) {
            if let bytes = try directory.fileSystem.contents(of: file, digest: dataset.table, limit: 4 << 30) {
                return bytes
            }
        } catch  where error.errno != .noSuchFileOrDirectory {
            throw error
        } catch {}
        throw SubmissionError("\"\(file)\" is missing or damaged; submit the campaign again, which restores it")
    }

    // MARK: The page

    private func page(heatMaps: [String], others: [String]) -> ReportPage {
        ReportPage(
            campaign: manifest.campaign,
            models: manifest.models.map(\.name),
            heatMaps: heatMaps,
            files: others,
            hasAtlas: manifest.pictures != nil,
            images: manifest.images.flatMap { images in
                images.dataset.map { dataset in
                    ReportPage.Images(
                        count: dataset.count,
                        used: images.count,
                        skipped: dataset.skipped,
                        skippedImages: dataset.skippedImages.map { ($0.image, $0.reason) },
                        labels: dataset.labels.map { label in
                            ReportPage.Label(name: label.label, counts: label.counts.map { ($0.value, $0.count) })
                        }
                    )
                }
            }
        )
    }

    private var arrays: [ReportJSON] {
        activations.map { model, layer, address in
            .object([
                ("model", .text(model)),
                ("layer", .text(layer)),
                ("path", .text(directory.array(address).string)),
                ("digest", .text(address.hexadecimal)),
            ])
        }
    }

    /// Layer by layer in the network's order, and of each the models in the campaign's.
    var activations: [(model: String, layer: String, address: ContentDigest)] {
        guard let images = manifest.images else { return [] }
        let layers = CampaignManifest.inNetworkOrder(manifest.models.flatMap(\.layers))
        return layers.flatMap { layer in
            manifest.models.filter { $0.layers.contains(layer) }.map { model in
                (model.name, layer, manifest.activations(of: model, layer: layer, images))
            }
        }
    }
}
