// SPDX-License-Identifier: MIT

import Archives
import Coordination
import Downloads
import HTTPTransfer
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing
import WebServers

/// Data sets as users have them: with faulty files, with others beside them, packed, and small.
extension ImageSetTests {
    @Test func `images with faults that leave all pixels are taken, counted and named`() throws {
        let field = FilePath(#filePath).removingLastComponent().removingLastComponent()
            .pushing("ImageCodingTests/Resources/field")
        for (name, file) in [("200.jpg", "j-missing-eoi.jpg"), ("201.jfif", "j-garbage-between-segments.jpg")] {
            let bytes = try LocalFileSystem().contents(of: field.appending(file), limit: 1 << 20)
            try LocalFileSystem().overwrite(photos.appending(name), contents: bytes)
        }
        let submission = try check(cka: "epochs: 1, iterations: 1, batch_size: 42")
        #expect(submission.imageCount == 42 && submission.faultyCount == 2)
        let warning = try #require(submission.warnings.first { $0.contains("faults") })
        #expect(warning.hasPrefix("2 of 42 images have faults in their files, and are taken"))
        #expect(
            warning.contains("\"200.jpg\": Premature end") && warning.contains("\"201.jfif\": Corrupt JPEG data: ")
                && warning.contains("extraneous bytes")
        )
        #expect(submission.description.contains { $0.contains("images: 42, 2 with faults") })
        #expect(try submission.json().contains("\"faulty\":2"))
        _ = try finish(submission)

        let cut = try LocalFileSystem().contents(of: field.appending("j-cut-last-200.jpg"), limit: 1 << 20)
        try LocalFileSystem().overwrite(photos.appending("202.jpg"), contents: cut)
        #expect(try refusal { try check() }.contains("202.jpg\": the JPEG picture cannot be decoded: pixels are lost"))
    }

    @Test func `what else a folder holds is said`() throws {
        try LocalFileSystem().makeDirectory(photos.appending("@eaDir"))
        for name in ["1.webp", "2.webp", "notes.txt", "@eaDir/100.png"] { try write("photos/\(name)", "no picture") }
        let submission = try check()
        #expect(submission.imageCount == 40)
        #expect(submission.warnings.contains { $0.contains("3 other files, which are not read: 2 .webp, 1 .txt") })
        #expect(submission.warnings.contains { $0.contains("are left out") && $0.contains("@eaDir") })
    }

    @Test(arguments: ["zip", "gztar"])
    func `an archive in a file is unpacked once, and its images are as those of a folder`(format: String) throws {
        let plain = try finish(check())
        let archive = real.temporary.folder.path.appending("packed" + (format == "zip" ? ".zip" : ".tar.gz"))
        let script = "import shutil, sys; shutil.make_archive(sys.argv[1], sys.argv[2], sys.argv[3], 'photos')"
        let stem = archive.removingLastComponent().appending("packed").string
        try runTool("python3", ["-c", script, stem, format, archive.removingLastComponent().string])
        let published = try publishedData()
        let name = try #require(archive.lastComponent).string
        let submission = try check("images: \(name)", published: published)
        #expect(submission.imageCount == 40)
        #expect(try real.numbers(of: finish(submission)) == real.numbers(of: plain))
        #expect(try check("images: \(name)", published: published).campaign == submission.campaign)
        #expect(try LocalFileSystem().isPresent(archive), "it is the user's")

        try write(name, "no archive")
        let words = try refusal { try check("images: \(name)", published: published) }
        #expect(words.contains("\(archive)") && words.contains("neither a folder of images nor a ZIP or tar archive"))
    }

    @Test func `what is wrong in an archive is said by the archive's name, and not by its place in the cache`() throws {
        let published = try publishedData()
        func packed(_ name: String) throws -> Submission {
            let script = "import shutil, sys; shutil.make_archive(sys.argv[1], 'zip', sys.argv[2], 'photos')"
            let folder = real.temporary.folder.path
            try runTool("python3", ["-c", script, folder.appending(name).string, folder.string])
            return try check("images: \(name).zip", published: published)
        }
        try write("photos/notes.txt", "no picture")
        let warnings = try packed("one").warnings
        #expect(warnings.contains { $0.hasPrefix("\"one.zip\" holds 1 other file") })
        try write("photos/broken.jpg", "no picture")
        let unreadable = try refusal { try packed("two") }
        #expect(unreadable.contains("\"two.zip/broken.jpg\": "))
        try write("photos/test.csv", "img\nabsent.jpg\n")
        let missing = try refusal { try packed("three") }
        #expect(missing.contains("\"three.zip/test.csv\", line 2: there is no file \"three.zip/absent.jpg\""))
        for words in warnings + [unreadable, missing] { #expect(!words.contains("downloads"), "\(words)") }
    }

    @Test(arguments: [2, 3])
    func `epochs of two or three images give a biased CKA and the reason why there is no debiased one`(count: Int)
        throws
    {
        let campaign = try finish(check(cka: "epochs: 2, iterations: 1, batch_size: \(count)"))
        let text = try String(decoding: report(campaign, "cka.csv"), as: UTF8.self)
        let cells = try #require(text.split(separator: "\n").last).split(
            separator: ",",
            omittingEmptySubsequences: false
        )
        let cka = try #require(Double(cells[4]))
        #expect(cka > 0 && cka < 1 + 1e-6)
        #expect(cells[5].isEmpty && cells[6] == "fewer than 4 images")
        if count == 2 { #expect(abs(cka - 1) < 1e-6, "two points differ in one direction alone") }
    }
}
