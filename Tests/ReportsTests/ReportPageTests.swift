// SPDX-License-Identifier: MIT

import Reports
import Testing

@Suite("The page of a report", .timeLimit(.minutes(120)))
struct ReportPageTests {
    @Test("It says what the images were, shows the heat maps and links the rest, and names do no harm")
    func contents() {
        let page = ReportPage(
            campaign: "study-01234567",
            models: ["a", "b"],
            heatMaps: ["heatmaps/conv2d0.png"],
            files: ["cka.csv", "images.csv"],
            hasAtlas: true,
            images: ReportPage.Images(
                count: 12,
                used: 8,
                skipped: 3,
                skippedImages: [("<script>.jpg", "it is \"broken\" & so on")],
                labels: [
                    ReportPage.Label(name: "Male", counts: [("", 1), ("-1", 7), ("<1>", 4)]),
                    ReportPage.Label(name: "class", counts: (0..<30).map { ("\($0)", 1) }),
                    ReportPage.Label(name: "words", counts: []),
                ]
            )
        )
        let html = page.html
        for part in [
            "<title>study-01234567</title>", "Models: a, b", "12 images, of which 8 went", "3 more were skipped",
            "&lt;script&gt;.jpg: it is &quot;broken&quot; &amp; so on", "and 2 more", "<i>none</i>: 1", "-1: 7",
            "&lt;1&gt;: 4", "and 10 values more", "see images.csv", "<img src=\"heatmaps/conv2d0.png\"",
            "<a href=\"cka.csv\">", "<a href=\"atlas/index.html\">",
        ] { #expect(html.contains(part), "\(part)") }
        #expect(!html.contains("<script"))
    }

    @Test("A report without images has no words about them")
    func withoutImages() {
        let page = ReportPage(
            campaign: "c-01234567",
            models: ["a"],
            heatMaps: [],
            files: ["index.json"],
            hasAtlas: false,
            images: nil
        )
        #expect(!page.html.contains("Images") && !page.html.contains("atlas") && !page.html.contains("Comparison"))
    }
}
