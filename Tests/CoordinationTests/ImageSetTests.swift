// SPDX-License-Identifier: MIT

import Archives
import Coordination
import Downloads
import FoundationEssentials
import Glibc
import HTTPTransfer
import ImageCoding
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing
import WebServers

/// Which images a campaign's data set has, what may be wrong with them, and what its report says of them.
@Suite(.timeLimit(.minutes(120)))
struct ImageSetTests {
    let real: RealCampaign
    var photos: FilePath { real.temporary.folder.path.appending("photos") }

    init() throws {
        real = try RealCampaign()
    }

    // MARK: Helpers

    /// What is fetched to a cache of the test's own.
    func publishedData() throws -> CachedCatalogue {
        let cache = try DownloadCache(at: real.temporary.folder.path.appending("downloads"))
        return CachedCatalogue(
            { [cache] },
            by: WebClient(.standard),
            options: FetchOptions(mirror: nil, byteLimit: 1000, archives: .pictures)
        ) { _, _ in }
    }

    /// Checks a campaign over the photos, without publishing it.
    func check(
        _ dataset: String = "images: photos",
        cka: String = "epochs: 1, iterations: 5, batch_size: 8",
        more: String = "",
        second: String = "seeded:2",
        isDryRun: Bool = false,
        published: CachedCatalogue? = nil
    ) throws -> Submission {
        let text = """
            name: study
            models: {a: {weights: "seeded:1"}, b: {weights: "\(second)"}}
            dataset: {\(dataset)}
            cka: {layers: [mixed3a_pool_reduce], \(cka)}
            \(more)
            """
        try write("study.yaml", text)
        return try Submission(
            of: real.temporary.folder.path.appending("study.yaml"),
            threads: 2,
            isDryRun: isDryRun,
            published: published
        ) { _, _, _ in }
    }

    /// Writes a file beside the photos, or instead of what has its name.
    func write(_ name: String, _ text: String) throws {
        try LocalFileSystem().overwrite(real.temporary.folder.path.pushing(FilePath(name)), contents: Array(text.utf8))
    }

    /// What `submit` says against a campaign.
    func refusal(_ body: () throws -> Submission) throws -> String {
        try "\(#require(throws: (any Error).self) { try body() })"
    }

    /// Publishes, runs and merges a campaign.
    func finish(_ submission: Submission) throws -> CampaignID {
        _ = try submission.publish(to: real.directory)
        #expect(try real.end()[submission.campaign] == .done)
        return submission.campaign
    }

    func report(_ campaign: CampaignID, _ name: String) throws -> [UInt8] {
        try LocalFileSystem().contents(of: real.directory.reports(of: campaign).appending(name), limit: 1 << 24)
    }

    private struct Index: Decodable {
        struct Images: Decodable {
            struct Skipped: Decodable {
                let image: String
                let reason: String
            }

            struct Label: Decodable {
                let label: String
                let counts: [String: Int]
            }

            let count: Int
            let used: Int
            let skipped: Int
            let skippedImages: [Skipped]
            let labels: [Label]

            enum CodingKeys: String, CodingKey {
                case count, used, skipped, labels
                case skippedImages = "skipped_images"
            }
        }

        let images: Images
    }

    private func images(of campaign: CampaignID) throws -> Index.Images {
        try JSONDecoder().decode(Index.self, from: Data(report(campaign, "index.json"))).images
    }

    // MARK: Images that cannot be read

    @Test func `all images that cannot be decoded are counted and named, and the way to leave them out`() throws {
        let sound = try LocalFileSystem().contents(of: photos.appending("100.png"), limit: 1 << 20)
        // Sound up to the middle of the pixels.
        try LocalFileSystem().overwrite(photos.appending("101.png"), contents: Array(sound.prefix(sound.count / 2)))
        for number in 0..<24 { try write("photos/9\(10 + number).jpg", "no picture") }
        let words = try refusal { try check() }
        #expect(words.contains("25 images cannot be read") && words.contains("on_error: skip"))
        #expect(words.contains("101.png") && words.contains("910.jpg") && words.contains("and 5 more"))
        #expect(!words.contains("930.jpg"), "the list is bounded")
        let list = real.temporary.folder.path.appending("study.unreadable.txt")
        #expect(words.contains("all stand in \"\(list)\""))
        let all = try String(decoding: LocalFileSystem().contents(of: list, limit: 1 << 20), as: UTF8.self)
        #expect(all.split(separator: "\n").count == 26 && all.contains("930.jpg") && all.contains("933.jpg"))
    }

    @Test func `the list of all is replaced, goes when it is not true any more, and never takes a user's file`() throws
    {
        func lists() throws -> [String: String] {
            let folder = real.temporary.folder.path
            let names = try LocalFileSystem().names(in: folder).filter { $0.contains(".unreadable") }
            return try Dictionary(
                uniqueKeysWithValues: names.map { name in
                    let bytes = try LocalFileSystem().contents(of: folder.appending(name), limit: 1 << 20)
                    return (name, String(decoding: bytes, as: UTF8.self))
                }
            )
        }
        for number in 0..<24 { try write("photos/9\(10 + number).jpg", "no picture") }
        let words = try refusal { try check(isDryRun: true) }
        #expect(words.contains("and 4 more; submit without --dry-run writes all to a file"))
        #expect(try lists().isEmpty)

        let own = "# what I cannot read\n"
        try write("study.unreadable.txt", own)
        for last in ["933.jpg", "934.jpg"] {
            try write("photos/\(last)", "no picture")
            #expect(try refusal { try check() }.contains("all stand in \"\(photos.removingLastComponent())"))
            let lists = try lists()
            #expect(lists.count == 2 && lists["study.unreadable.txt"] == own)
            let list = try #require(lists["study.unreadable-2.txt"])
            #expect(list.hasPrefix("# unreadable images of study.yaml, by lucid-coordinator submit"))
            #expect(list.contains(last))
        }
        _ = try refusal { try check(isDryRun: true) }
        #expect(try lists().count == 2, "a dry run removes nothing either")
        for number in 0..<25 { try LocalFileSystem().remove(photos.appending("9\(10 + number).jpg")) }
        _ = try check()
        #expect(try lists() == ["study.unreadable.txt": own])
    }

    @Test func `images that cannot be decoded are left out, and the rest is as if they had not been there`() throws {
        let clean = try finish(check())
        let numbers = try real.numbers(of: clean)
        for name in ["000.jpg", "120 <b>.png", "zzz.PNG"] { try write("photos/\(name)", "no picture") }
        let submission = try check("images: photos, on_error: skip")
        #expect(submission.skippedCount == 3 && submission.imageCount == 40)
        #expect(submission.description.contains { $0.contains("images: 40, 3 skipped") })
        #expect(submission.warnings.contains { $0.hasPrefix("3 of 43 images") && $0.contains("120 <b>.png") })
        #expect(
            submission.warnings.contains { $0.contains("numbered anew, so the epochs draw other images than the ref") }
        )
        #expect(try submission.json().contains("\"skipped\":3"))
        #expect(try check("images: photos, on_error: skip").campaign == submission.campaign)

        let campaign = try finish(submission)
        #expect(campaign != clean)
        #expect(try real.numbers(of: campaign) == numbers)
        let images = try images(of: campaign)
        #expect((images.count, images.used, images.skipped) == (40, 40, 3))
        #expect(images.skippedImages.map(\.image) == ["000.jpg", "120 <b>.png", "zzz.PNG"])
        #expect(images.skippedImages.allSatisfy { $0.reason.contains("neither a JPEG nor a PNG") })
        let success = try String(decoding: report(campaign, "SUCCESS.json"), as: UTF8.self)
        #expect(success.contains("\"images\": {\"count\": 40, \"used\": 40, \"skipped\": 3}"))
        #expect(success.contains("\"images.csv\"") && success.contains("\"index.html\""))
        let page = try String(decoding: report(campaign, "index.html"), as: UTF8.self)
        #expect(page.contains("120 &lt;b&gt;.png") && page.contains("3 more were skipped"))

        // Another broken image is another data set, although what is left is the same.
        try write("photos/zzzz.png", "")
        #expect(try check("images: photos, on_error: skip").campaign != campaign)
    }

    @Test func `a data set of which nothing is left is refused`() throws {
        for name in try LocalFileSystem().names(in: photos) { try write("photos/\(name)", "no picture") }
        let words = try refusal { try check("images: photos, on_error: skip") }
        #expect(words.contains("none of the 40 images") && words.contains("100.png") && words.contains("and 20 more"))
    }

    @Test func `lists of images number those that are left, which is said`() throws {
        try write("photos/000.jpg", "no picture")
        try write("epochs.txt", (0..<40).map { "\($0)" }.joined(separator: " ") + "\n")
        let submission = try check("images: photos, on_error: skip", cka: "image_lists: epochs.txt")
        #expect(submission.warnings.contains { $0.contains("number the 40 images that are left") })
        try write("epochs.txt", "40\n")
        let words = try refusal { try check("images: photos, on_error: skip", cka: "image_lists: epochs.txt") }
        #expect(words.contains("the data set has 0 to 39"))
    }

    // MARK: Lists

    @Test func `a list's order is the data set's, and epochs that are given by numbers follow it`() throws {
        try write("epochs.txt", "0 1 2 3 4 5\n")
        try write("names.txt", "139.png\r\n\r\n./100.png\r\n103.png\r\n102.png\r\n101.png\r\n104.png\r\n105.png\r\n")
        let listed = try check("images: photos, list: names.txt", cka: "image_lists: epochs.txt")
        #expect(listed.imageCount == 6)
        let campaign = try finish(listed)
        let table = try String(decoding: report(campaign, "images.csv"), as: UTF8.self)
        let lines = [
            "0,139.png,0", "1,100.png,1", "2,103.png,2", "3,102.png,3", "4,101.png,4", "5,104.png,5", "6,105.png,",
        ]
        #expect(table == "index,name,row\n" + lines.map { $0 + "\n" }.joined())

        // The same images by the folder's own numbers.
        try write("epochs.txt", "39 0 3 2 1 4\n")
        let numbered = try finish(check(cka: "image_lists: epochs.txt"))
        #expect(numbered != campaign)
        let first = try images(of: campaign)
        let second = try images(of: numbered)
        #expect((first.count, first.used, second.count, second.used) == (7, 6, 40, 6))
    }

    @Test func `what is wrong with a list is said with its line, and nothing else of the campaign is looked at`() throws
    {
        try write("names.txt", "100.png\n200.png\n201.png\n")
        let words = try refusal { try check("images: photos, list: names.txt") }
        #expect(words.contains("names.txt\", line 2: there is no file") && words.contains("line 3"))
        try write("names.txt", "100.png\n../study.yaml\n")
        #expect(try refusal { try check("images: photos, list: names.txt") }.contains("line 2"))
        #expect(try refusal { try check("images: photos, list: absent.txt") }.contains("absent.txt"))
    }

    @Test func `a folder's images are found through all its folders, JPEG and PNG alike, in the order of their bytes`()
        throws
    {
        for name in try LocalFileSystem().names(in: photos) where name > "103.png" {
            try LocalFileSystem().remove(photos.appending(name))
        }
        let tests = FilePath(#filePath).removingLastComponent().removingLastComponent()
        let jpeg = tests.pushing("DatasetsTests/Resources/014_tiny.jpg")
        let bytes = try LocalFileSystem().contents(of: jpeg, limit: 1 << 20)
        try LocalFileSystem().makeDirectories(photos.pushing("100/deep"))
        for name in ["100/deep/a.JPEG", "100/b.jpg", "Z.JPG", "é.jpg"] {
            try LocalFileSystem().create(photos.pushing(FilePath(name)), contents: bytes, durably: false)
        }
        try write("photos/notes.txt", "no image, and not looked at")
        let campaign = try finish(check(cka: "epochs: 1, iterations: 1, batch_size: 8"))
        let table = try String(decoding: report(campaign, "images.csv"), as: UTF8.self).split(separator: "\n")
            .dropFirst()
        #expect(
            table.map { String($0.split(separator: ",")[1]) }
                == ["100.png", "100/b.jpg", "100/deep/a.JPEG", "101.png", "102.png", "103.png", "Z.JPG", "é.jpg"]
        )
    }

    // MARK: Labels

    @Test func `the report counts what images are labelled with, and has a table of them`() throws {
        let rows = (0..<10).map { number in
            "\(number % 3 == 0 ? 1 : -1),\(100 + number).png,\(number == 4 ? "" : "\"a, \(10 - number / 5)\""),\(number)"
        }
        try write("photos/test.csv", "smiles,img,kind,index\n" + rows.joined(separator: "\n") + "\n")
        let campaign = try finish(check(cka: "epochs: 1, iterations: 1, batch_size: 8"))
        let images = try images(of: campaign)
        #expect((images.count, images.used, images.skipped) == (10, 8, 0))
        #expect(images.labels.map(\.label) == ["smiles", "kind", "index"])
        #expect(images.labels[0].counts == ["-1": 6, "1": 4])
        #expect(images.labels[1].counts == ["": 1, "a, 10": 4, "a, 9": 5])
        let index = try String(decoding: report(campaign, "index.json"), as: UTF8.self)
        #expect(index.contains("{\"-1\": 6, \"1\": 4}"), "numbers ascend")
        let table = try String(decoding: report(campaign, "images.csv"), as: UTF8.self).split(separator: "\n")
        #expect(table.first == "index,name,row,smiles,kind,index_")
        #expect(table.count == 11 && table[4].hasPrefix("3,103.png,") && table[4].hasSuffix(",1,\"a, 10\",3"))
        #expect(table.filter { $0.split(separator: ",", omittingEmptySubsequences: false)[2].isEmpty }.count == 2)
        let page = try String(decoding: report(campaign, "index.html"), as: UTF8.self)
        #expect(page.contains("smiles") && page.contains("-1: 6"))

        // Other labels of the same images are another report.
        try write("photos/test.csv", "smiles,img\n" + (0..<10).map { "1,\(100 + $0).png\n" }.joined())
        #expect(try check(cka: "epochs: 1, iterations: 1, batch_size: 8").campaign != campaign)
    }

    @Test func `a lost table of images is said, and submitting again restores it`() throws {
        let submission = try check()
        _ = try submission.publish(to: real.directory)
        let files = real.directory.root.pushing("cache/datasets")
        for name in try LocalFileSystem().names(in: files) {
            let text = try LocalFileSystem().contents(of: files.appending(name), limit: 1 << 20)
            guard text.starts(with: Array("index,name".utf8)) else { continue }
            try LocalFileSystem().overwrite(files.appending(name), contents: [])
        }
        let broken = try real.end()[submission.campaign]
        #expect("\(String(describing: broken))".contains("submit the campaign again, which restores it"))
        _ = try submission.publish(to: real.directory)
        #expect(try real.end() == [submission.campaign: .done])
    }

    // MARK: Limits

    @Test func `an image over a limit is refused by the limit's name, or left out`() throws {
        let pixels = try refusal { try check(more: "limits: {pixels: 255}") }
        #expect(pixels.contains("40 images") && pixels.contains("at most 255") && pixels.contains("limits: {pixels}"))
        let bytes = try refusal { try check(more: "limits: {bytes: 60}") }
        #expect(bytes.contains("more than 60 bytes") && bytes.contains("limits: {bytes}"))
        #expect(try check(more: "limits: {pixels: 256}").imageCount == 40)
        let image = try encodePNG(RGBImage(width: 17, height: 16, pixels: [UInt8](repeating: 9, count: 17 * 16 * 3)))
        try LocalFileSystem().overwrite(photos.appending("200.png"), contents: image)
        let skipping = try check("images: photos, on_error: skip", more: "limits: {pixels: 256}")
        #expect((skipping.imageCount, skipping.skippedCount) == (40, 1))
    }

    @Test func `limits let larger archives through, by bytes and by entries`() throws {
        let archive = real.temporary.folder.path.appending("photos.zip")
        let script = "import shutil, sys; shutil.make_archive(sys.argv[1], 'zip', sys.argv[2])"
        try runTool(
            "python3",
            ["-c", script, archive.removingLastComponent().appending("photos").string, photos.string]
        )
        let bytes = try LocalFileSystem().contents(of: archive, limit: 1 << 20)
        let server = try RawServer { _ in
            RawServer.Answer("HTTP/1.1 200 OK\nContent-Length: \(bytes.count)\nConnection: close", bytes)
        }
        let published = try publishedData()
        func check(_ limits: String) throws -> Submission {
            try self.check(
                "images: \"\(server.address("/photos.zip"))\"",
                more: "limits: {\(limits)}",
                published: published
            )
        }
        #expect(bytes.count > 2000)
        #expect(try refusal { try check("bytes: 2000") }.contains("\"limits: {bytes}\" raises that"))
        let entries = try refusal { try check("bytes: 1000000, entries: 20") }
        #expect(entries.contains("more than 20 entries") && entries.contains("limits: {bytes, entries}"))
        #expect(try check("bytes: 1000000, entries: 100").imageCount == 40)
    }

    @Test func `limits let larger images through, at submit and in the workers`() throws {
        for name in try LocalFileSystem().names(in: photos) where name > "101.png" {
            try LocalFileSystem().remove(photos.appending(name))
        }
        // One with more pixels than usual, and one whose file is larger, with a hole at the end.
        let (width, height) = (8000, 8001)
        let pixels = [UInt8](repeating: 200, count: width * height * 3)
        let large = try encodePNG(RGBImage(width: width, height: height, pixels: pixels))
        try LocalFileSystem().overwrite(photos.appending("100.png"), contents: large)
        try #require(unsafe truncate(photos.appending("101.png").string, 256 << 20 + 1) == 0)

        let cka = "epochs: 1, iterations: 1, batch_size: 2"
        let words = try refusal { try check(cka: cka) }
        #expect(words.contains("2 images") && words.contains("limits: {pixels}") && words.contains("limits: {bytes}"))
        // One network under two names, which looks at the images once.
        let limits = "limits: {bytes: 300000000, pixels: 65000000}"
        let submission = try check(cka: cka, more: limits, second: "seeded:1")
        #expect(submission.imageCount == 2)
        _ = try finish(submission)
    }
}
