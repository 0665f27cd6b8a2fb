// SPDX-License-Identifier: MIT

private import SystemSupport

/// A report's `index.html`: what the images were, the heat maps, and where everything else is.
///
/// It opens from the disk, and runs no scripts.
public struct ReportPage: Sendable {
    /// A label, and how many images have which value of it.
    public struct Label: Sendable {
        private let name: String
        private let counts: [(value: String, count: Int)]

        /// Describes a label; no counts for one whose values are too many.
        public init(name: String, counts: [(value: String, count: Int)]) {
            self.name = name
            self.counts = counts
        }

        /// How many values the page shows.
        private static let mostValues = 20

        fileprivate var row: String {
            let shown = counts.prefix(Self.mostValues).map { value, count in
                "<td>\(value.isEmpty ? "<i>none</i>" : escaped(value)): \(count)</td>"
            }
            let more = counts.count - shown.count
            let rest =
                counts.isEmpty
                ? "<td>see images.csv</td>" : more > 0 ? "<td>and \(counted(more, "value")) more</td>" : ""
            return "<tr><th scope=\"row\">\(escaped(name))</th>\(shown.joined())\(rest)</tr>"
        }
    }

    /// The images of a data set.
    public struct Images: Sendable {
        private let count: Int
        private let used: Int
        private let skipped: Int
        private let skippedImages: [(image: String, reason: String)]
        private let labels: [Label]

        /// Describes a data set's images.
        ///
        /// - Parameters:
        ///   - count: how many there are.
        ///   - used: how many of these went through the networks.
        ///   - skipped: how many more were left out because they cannot be read.
        ///   - skippedImages: the first of those, and why.
        ///   - labels: what the images are labelled with.
        public init(
            count: Int,
            used: Int,
            skipped: Int,
            skippedImages: [(image: String, reason: String)],
            labels: [Label]
        ) {
            self.count = count
            self.used = used
            self.skipped = skipped
            self.skippedImages = skippedImages
            self.labels = labels
        }

        fileprivate var section: [String] {
            var lines = [
                "<h2>Images</h2>",
                "<p>\(counted(count, "image")), of which \(used) went through the networks; \(skipped) more "
                    + "\(skipped == 1 ? "was" : "were") skipped.</p>",
            ]
            if !skippedImages.isEmpty {
                let items = skippedImages.map { "<li>\(escaped($0.image)): \(escaped($0.reason))</li>" }
                let more = skipped - skippedImages.count
                lines +=
                    ["<h3>Skipped</h3>", "<ul>"] + items + (more > 0 ? ["<li>and \(more) more</li>"] : []) + ["</ul>"]
            }
            if !labels.isEmpty {
                lines += ["<h3>Labels</h3>", "<p>Images by value, of all \(count).</p>", "<table>"]
                lines += labels.map(\.row) + ["</table>"]
            }
            return lines
        }
    }

    private let campaign: String
    private let models: [String]
    private let heatMaps: [String]
    private let files: [String]
    private let hasAtlas: Bool
    private let images: Images?

    /// Describes a report.
    ///
    /// - Parameters:
    ///   - campaign: the campaign's id.
    ///   - models: the models' names.
    ///   - heatMaps: the files of heat maps by their names in the report's folder, in the order of the layers.
    ///   - files: the other files.
    ///   - hasAtlas: whether there is an atlas as well.
    ///   - images: the images; nil where none were needed.
    public init(
        campaign: String,
        models: [String],
        heatMaps: [String],
        files: [String],
        hasAtlas: Bool,
        images: Images?
    ) {
        self.campaign = campaign
        self.models = models
        self.heatMaps = heatMaps
        self.files = files
        self.hasAtlas = hasAtlas
        self.images = images
    }

    /// The page.
    public var html: String {
        var lines = [Self.head(escaped(campaign)), "<p>Models: \(models.map(escaped).joined(separator: ", "))</p>"]
        lines += images?.section ?? []
        if !heatMaps.isEmpty {
            lines += ["<h2>Comparison</h2>"]
            lines += heatMaps.map { "<p><img src=\"\(escaped($0))\" alt=\"\(escaped($0))\"></p>" }
        }
        lines += ["<h2>Files</h2>", "<ul>"]
        lines += (files + (hasAtlas ? ["atlas/index.html"] : [])).map {
            "<li><a href=\"\(escaped($0))\">\(escaped($0))</a></li>"
        }
        return (lines + ["</ul>", "</body>", "</html>"]).joined(separator: "\n") + "\n"
    }

    private static func head(_ title: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy"
              content="default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'">
        <title>\(title)</title>
        <style>
        :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
        body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: 0.1rem 0.8rem 0.1rem 0; text-align: left; font-weight: normal; }
        img { max-width: 100%; }
        </style>
        </head>
        <body>
        <h1>\(title)</h1>
        """
    }
}

/// Text that stands for itself, in HTML and in its attributes.
private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        .replacing("\"", with: "&quot;")
}
