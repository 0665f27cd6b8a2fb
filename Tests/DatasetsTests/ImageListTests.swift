// SPDX-License-Identifier: MIT

import Datasets
import Glibc
import SystemPackage
import SystemSupport
import TestSupport
import Testing

@Suite("Lists of images", .timeLimit(.minutes(120)))
struct ImageListTests {
    private let files = LocalFileSystem()

    @Test("A test.csv gives its rows in order")
    func readsTheReferenceList() throws {
        let list = try ImageList(folder: resources)
        #expect(list.entries.count == 64)
        #expect(list.entries.map(\.name) == Golden.all.map(\.file))
    }

    @Test("A folder without a list gives all its images in the order of their names' bytes")
    func walksFolders() async throws {
        try await withTemporaryDirectory { folder in
            try files.makeDirectories(folder.appending("b/c"))
            try files.makeDirectory(folder.appending(".hidden"))
            for name in ["b/c/2.JPeG", "b.jpg", "B.PNG", "é.jpg", "b/.x.jpg", "notes.txt", ".hidden/h.jpg", "b/1.jpg"] {
                try files.create(folder.appending(name), contents: [1], durably: false)
            }
            let list = try ImageList(folder: folder)
            #expect(list.entries.map(\.name) == ["B.PNG", "b.jpg", "b/1.jpg", "b/c/2.JPeG", "é.jpg"])
        }
    }

    @Test("All endings of JPEG and PNG files are images")
    func knowsEndings() async throws {
        try await withTemporaryDirectory { folder in
            let names = ["a.jpe", "b.jfif", "c.JPG", "d.jpeg", "e.png"]
            for name in names { try files.create(folder.appending(name), contents: [1], durably: false) }
            let list = try ImageList(folder: folder)
            #expect(list.entries.map(\.name) == names && list.remarks.isEmpty)
        }
    }

    @Test("Files of other kinds and folders of systems are left out and said")
    func tellsWhatIsLeftOut() async throws {
        try await withTemporaryDirectory { folder in
            let hidden = [
                "@eaDir/x.jpg", ".thumbs/x.jpg", "b/__MACOSX", "b/._1.jpg", "lost+found", "Thumbs.db", ".DS_Store",
            ]
            let others = (0..<60).map { "b/\($0).webp" } + ["notes.txt", "b/1.TIF", "2.tif", "LICENSE"]
            for name in hidden + others + ["b/1.jpg", "2.jpg"] {
                let path = folder.pushing(FilePath(name))
                let isFolder = ["b/__MACOSX", "lost+found"].contains(name)
                try files.makeDirectories(isFolder ? path : path.removingLastComponent())
                if !isFolder { try files.create(path, contents: [1], durably: false) }
            }
            let list = try ImageList(folder: folder)
            #expect(list.entries.map(\.name) == ["2.jpg", "b/1.jpg"])
            let expected = [
                "64 other files, which are not read: 60 .webp, 2 .tif, 1 without an ending, 1 .txt; images are .jpg,",
                "left out of \"\(folder)\": \".thumbs\", \"@eaDir\", \"b/__MACOSX\", \"lost+found\"",
                "hidden files are left out of \"\(folder)\": \"b/._1.jpg\"",
            ]
            try #require(list.remarks.count == 3)
            for (remark, words) in zip(list.remarks, expected) { #expect(remark.contains(words), "\(remark)") }

            try files.remove(folder.appending("2.jpg"))
            try files.remove(folder.pushing("b/1.jpg"))
            let error = try #require(throws: DatasetError.self) { try ImageList(folder: folder) }
            #expect(
                error.description.contains("holds no images") && error.description.contains("it has 60 .webp, 2 .tif")
            )
        }
    }

    @Test("Kaggle's column of images is taken, and a byte order mark read over")
    func readsOtherLists() async throws {
        try await withTemporaryDirectory { folder in
            try files.create(folder.appending("x.jpg"), contents: [1], durably: false)
            try write("\u{FEFF}image_id,Male\nx.jpg,-1\n", in: folder)
            let list = try ImageList(folder: folder)
            #expect(list.entries == [.init(name: "x.jpg", labels: ["-1"])] && list.labelNames == ["Male"])
            try write("image_id,img\n7,x.jpg\n", in: folder)
            #expect(try ImageList(folder: folder).entries == [.init(name: "x.jpg", labels: ["7"])])
        }
    }

    @Test("Absolute names in a file of names are the folder's where they lead into it, also past links")
    func takesAbsoluteNames() async throws {
        try await withTemporaryDirectory { folder in
            let images = folder.appending("images")
            try files.makeDirectories(images.appending("b"))
            for name in ["x.jpg", "b/y.jpg"] {
                try files.create(images.pushing(FilePath(name)), contents: [1], durably: false)
            }
            try link("images", at: folder.appending("link"))
            let names = folder.appending("names.txt")
            try files.overwrite(names, contents: Array("\(images)/b/y.jpg\n\(images)//./x.jpg\n".utf8))
            for place in [images, folder.appending("link")] {
                #expect(try ImageList(folder: place, names: names).entries.map(\.name) == ["b/y.jpg", "x.jpg"])
            }
            for strange in ["\(folder)/images2/x.jpg", "\(images)/../x.jpg", "\(images)"] {
                try files.overwrite(names, contents: Array(strange.utf8))
                let error = try #require(throws: DatasetError.self) { try ImageList(folder: images, names: names) }
                #expect(error.description.contains("line 1") && error.description.contains("leads out of the folder"))
            }
        }
    }

    @Test("Names in a file of names may begin at the home")
    func takesNamesFromHome() async throws {
        let home = try FilePath(#require(environmentValue("HOME")))
        try await withTemporaryDirectory { folder in
            let names = folder.appending("names.txt")
            try files.create(names, contents: [], durably: false)
            func refusal(_ name: String, _ images: FilePath) throws -> String {
                try files.overwrite(names, contents: Array(name.utf8))
                return try #require(throws: DatasetError.self) { try ImageList(folder: images, names: names) }
                    .description
            }
            // Nothing is put into somebody's home, so it can only be seen where the image would be.
            let absent = "absent-\(UInt64.random(in: 0...(.max))).jpg"
            #expect(try refusal("~/\(absent)", home).contains("no file \"\(home.appending(absent))\""))
            #expect(try refusal("~/\(absent)", folder).contains("\"~/\(absent)\" leads out of the folder"))
            #expect(try refusal("~other/\(absent)", home).contains("no file \"\(home)/~other/\(absent)\""))
        }
    }

    @Test("Links that lead in a circle end")
    func survivesLinkLoops() async throws {
        try await withTemporaryDirectory { folder in
            try files.makeDirectory(folder.appending("a"))
            try files.create(folder.appending("a/1.jpg"), contents: [1], durably: false)
            try link("..", at: folder.appending("a/up"))
            try link("self", at: folder.appending("self"))
            try link("nowhere.jpg", at: folder.appending("dangling.jpg"))
            try link("a/1.jpg", at: folder.appending("2.jpg"))
            #expect(try ImageList(folder: folder).entries.map(\.name) == ["2.jpg", "a/1.jpg"])
        }
    }

    @Test("An absolute name in a list stays absolute")
    func keepsAbsoluteNames() async throws {
        try await withTemporaryDirectory { folder in
            let image = folder.appending("x.jpg")
            try files.create(image, contents: [1], durably: false)
            try write("img\n\(image)\nx.jpg\n", in: folder)
            let list = try ImageList(folder: folder)
            #expect(list.entries.map { list.path(of: $0) } == [image, image])
        }
    }

    @Test("Columns beside the images may hold anything, or nothing")
    func readsOverLabels() async throws {
        try await withTemporaryDirectory { folder in
            try files.create(folder.appending("x.jpg"), contents: [1], durably: false)
            try write("split,img,label\ntest,x.jpg,\n\ntrain,x.jpg,a cat\n", in: folder)
            let list = try ImageList(folder: folder)
            #expect(list.entries.map(\.name) == ["x.jpg", "x.jpg"])
            #expect(list.labelNames == ["split", "label"])
            #expect(list.entries.map(\.labels) == [["test", ""], ["train", "a cat"]])
        }
    }

    @Test("CelebA's layout gives forty labels an image, ImageNet's a class, with images in folders")
    func readsPublishedLayouts() async throws {
        let faces = try ImageList(folder: resources)
        #expect(faces.labelNames.count == 40 && faces.labelNames.first == "5_o_Clock_Shadow")
        #expect(faces.entries.allSatisfy { $0.labels.count == 40 && Set($0.labels).isSubset(of: ["-1", "1"]) })
        try await withTemporaryDirectory { folder in
            for name in ["n01440764/b.JPEG", "n01443537/a.JPEG"] {
                let file = folder.pushing(FilePath(name))
                try files.makeDirectories(file.removingLastComponent())
                try files.create(file, contents: [1], durably: false)
            }
            try write("img,n01440764,n01443537\nn01443537/a.JPEG,-1,1\nn01440764/b.JPEG,1,-1\n", in: folder)
            let classes = try ImageList(folder: folder)
            #expect(classes.labelNames == ["n01440764", "n01443537"])
            #expect(classes.entries.map(\.name) == ["n01443537/a.JPEG", "n01440764/b.JPEG"])
            #expect(classes.entries.map(\.labels) == [["-1", "1"], ["1", "-1"]])
        }
    }

    @Test("A file of names says which images there are and in which order, test.csv what they show")
    func readsNames() async throws {
        try await withTemporaryDirectory { folder in
            let photos = folder.appending("photos")
            for name in ["a.jpg", "b/c.png", " d .jpg", "left out.jpg"] {
                let file = photos.pushing(FilePath(name))
                try files.makeDirectories(file.removingLastComponent())
                try files.create(file, contents: [1], durably: false)
            }
            let names = folder.appending("names.txt")
            let text = "\u{FEFF}./b/c.png\r\n\r\n \t\na.jpg\r\n d .jpg"
            try files.create(names, contents: Array(text.utf8), durably: false)
            let plain = try ImageList(folder: photos, names: names)
            #expect(plain.entries.map(\.name) == ["b/c.png", "a.jpg", " d .jpg"])
            #expect(plain.entries.allSatisfy(\.labels.isEmpty) && plain.labelNames.isEmpty)
            try write("smiles,img\n1,a.jpg\n-1,gone.jpg\n-1,b/c.png\n1,b/c.png\n", in: photos)
            let labelled = try ImageList(folder: photos, names: names)
            #expect(
                labelled.entries.map(\.name) == plain.entries.map(\.name),
                "what the list does not name is not looked for"
            )
            #expect(labelled.labelNames == ["smiles"])
            #expect(labelled.entries.map(\.labels) == [["-1"], ["1"], [""]])
        }
    }

    @Test(
        "What is wrong with a file of names is said, with the line",
        arguments: [
            ("x.jpg\n\ny.jpg\n", "line 3: there is no file"),
            ("x.jpg\r\n\r\n./x.jpg\r\n", "line 3: \"./x.jpg\" stands here twice, first in line 1"),
            ("\n/etc/passwd\n", "line 2: \"/etc/passwd\" leads out of the folder"),
            ("x.jpg\nb/../../x.jpg\n", "line 2: \"b/../../x.jpg\" leads out of the folder"),
            ("b\n", "line 1: there is no file"),
            ("x.jpg\0\n", "line 1: a name has at most 4096 bytes, and no zero byte"),
            ("x.jpg\rx.jpg\n", "line 1: a name has at most 4096 bytes, and no zero byte or carriage return"),
            (String(repeating: "x", count: 5000), "line 1: a name has at most 4096 bytes"),
            (" \n\r\n", "names no image; write one a line"),
            ("", "names no image; write one a line"),
        ]
    )
    func refusesBadNames(text: String, message: String) async throws {
        try await withTemporaryDirectory { folder in
            try files.makeDirectory(folder.appending("b"))
            try files.create(folder.appending("x.jpg"), contents: [1], durably: false)
            let names = folder.appending("names.txt")
            try files.create(names, contents: Array(text.utf8), durably: false)
            let error = try #require(throws: DatasetError.self) { try ImageList(folder: folder, names: names) }
            #expect(error.description.contains(message), "\(error)")
            #expect(error.description.contains("\(names)"), "\(error)")
        }
    }

    @Test("A file of names that is not there, is not UTF-8 or is too large is refused")
    func refusesOtherFiles() async throws {
        try await withTemporaryDirectory { folder in
            let names = folder.appending("names.txt")
            func refusal() throws -> String {
                try #require(throws: DatasetError.self) { try ImageList(folder: folder, names: names) }.description
            }
            #expect(try refusal().contains("there is no such file"))
            try files.create(names, contents: [0x78, 10, 0xE9, 10], durably: false)
            #expect(try refusal().contains("line 2: the name is not UTF-8"))
            try #require(unsafe truncate(names.string, 256 << 20 + 1) == 0)
            #expect(try refusal().contains("at most 268435456 bytes"))
        }
    }

    @Test("All files that are missing are named, as far as they fit")
    func namesEveryMissingFile() async throws {
        try await withTemporaryDirectory { folder in
            try write("img\n" + (0..<30).map { "\($0).jpg\n" }.joined(), in: folder)
            let error = try #require(throws: DatasetError.self) { try ImageList(folder: folder) }
            let lines = error.description.split(separator: "\n")
            #expect(lines.count == 22 && lines[19].contains("line 21: there is no file"))
            #expect(lines[20].contains("and 10 more") && lines[21].contains("30 of the listed files"))
        }
    }

    @Test("A name that is not UTF-8 is refused, not left out")
    func refusesOtherEncodings() async throws {
        try await withTemporaryDirectory { folder in
            try files.create(folder.appending("x.jpg"), contents: [1], durably: false)
            let bytes = Array("\(folder)/caf".utf8) + [0xE9] + Array(".jpg".utf8) + [0]
            let descriptor = unsafe bytes.map(CChar.init(bitPattern:)).withUnsafeBufferPointer { name in
                unsafe name.baseAddress.map { unsafe open($0, O_CREAT | O_WRONLY, 0o600) } ?? -1
            }
            try #require(descriptor >= 0)
            close(descriptor)
            let error = try #require(throws: DatasetError.self) { try ImageList(folder: folder) }
            #expect(error.description.contains("\(folder)") && error.description.contains("is not UTF-8"))
        }
    }

    @Test("What is wrong with a folder is said")
    func refusesBadFolders() async throws {
        try await withTemporaryDirectory { folder in
            let absent = folder.appending("absent")
            #expect(throws: DatasetError.noFolder(absent)) { try ImageList(folder: absent) }
            #expect(throws: DatasetError.noImages(folder, others: nil)) { try ImageList(folder: folder) }
        }
    }

    @Test(
        "What is wrong with a list is said",
        arguments: [
            (
                "image,a\nx.jpg,1\n",
                "has no column \"img\" or \"image_id\"; its columns are \"image\", \"a\": call the column that names the files \"img\""
            ),
            ("img;a\nx.jpg;1\n", "its columns are \"img;a\": separate its cells by commas"),
            ("img,a\nx.jpg,1\nx.jpg,\"1\nx.jpg,1\n", "line 3: a quote is not closed"),
            ("img,a\nx.jpg,1\"", "line 2: a quote stands within a cell"),
            ("img,a\nx.jpg,\"1\n2\"\nx.jpg,5\" disk\"\n", "line 4: a quote stands within a cell"),
            ("img,a,a\nx.jpg,1,1\n", "has two columns \"a\""),
            ("img,a\nx.jpg\n", "line 2 has 1 cell, the header 2"),
            ("img,a\ny.jpg,1\n", "line 2: there is no file"),
            ("img,a\r\n\r\nx.jpg,\"two\r\nlines\"\r\ny.jpg,1\r\n", "line 5: there is no file"),
            ("img,a\nx.jpg,\"1\n", "a quote is not closed"),
            ("img,a\n\"x\"y,1\n", "is no CSV file: line 2: a cell goes on behind its closing quote"),
            ("img,a\n", "holds no images"),
            ("", "has no column \"img\" or \"image_id\": it has no header"),
        ]
    )
    func refusesBadLists(text: String, message: String) async throws {
        try await withTemporaryDirectory { folder in
            try files.create(folder.appending("x.jpg"), contents: [1], durably: false)
            try write(text, in: folder)
            let error = try #require(throws: DatasetError.self) { try ImageList(folder: folder) }
            #expect(error.description.contains(message), "\(error)")
        }
    }

    private func write(_ text: String, in folder: FilePath) throws {
        try files.overwrite(folder.appending("test.csv"), contents: Array(text.utf8))
    }

    private func link(_ target: String, at path: FilePath) throws {
        try #require(unsafe symlink(target, path.string) == 0)
    }
}
