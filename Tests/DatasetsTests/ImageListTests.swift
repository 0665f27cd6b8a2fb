// SPDX-License-Identifier: MIT

import Datasets
import Glibc
import SystemPackage
import SystemSupport
import Testing

@Suite("Lists of images")
struct ImageListTests {
    private let files = LocalFileSystem()

    @Test("A test.csv gives its rows in order")
    func readsTheReferenceList() throws {
        let list = try ImageList(folder: resources)
        #expect(list.entries.count == 64)
        #expect(list.entries.map(\.name) == Golden.all.map(\.file))
    }

    @Test("A folder without a list gives all its images in the order of their names' bytes")
    func walksFolders() throws {
        try withTemporaryDirectory { folder in
            try files.makeDirectories(folder.appending("b/c"))
            try files.makeDirectory(folder.appending(".hidden"))
            for name in ["b/c/2.JPeG", "b.jpg", "B.PNG", "é.jpg", "b/.x.jpg", "notes.txt", ".hidden/h.jpg", "b/1.jpg"] {
                try files.create(folder.appending(name), contents: [1], durably: false)
            }
            let list = try ImageList(folder: folder)
            #expect(list.entries.map(\.name) == ["B.PNG", "b.jpg", "b/1.jpg", "b/c/2.JPeG", "é.jpg"])
        }
    }

    @Test("Links that lead in a circle end")
    func survivesLinkLoops() throws {
        try withTemporaryDirectory { folder in
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
    func keepsAbsoluteNames() throws {
        try withTemporaryDirectory { folder in
            let image = folder.appending("x.jpg")
            try files.create(image, contents: [1], durably: false)
            try write("img\n\(image)\nx.jpg\n", in: folder)
            let list = try ImageList(folder: folder)
            #expect(list.entries.map { list.path(of: $0) } == [image, image])
        }
    }

    @Test("Columns beside the images may hold anything, or nothing")
    func readsOverLabels() throws {
        try withTemporaryDirectory { folder in
            try files.create(folder.appending("x.jpg"), contents: [1], durably: false)
            try write("split,img,label\ntest,x.jpg,\n\ntrain,x.jpg,a cat\n", in: folder)
            #expect(try ImageList(folder: folder).entries.map(\.name) == ["x.jpg", "x.jpg"])
        }
    }

    @Test("A name that is not UTF-8 is refused, not left out")
    func refusesOtherEncodings() throws {
        try withTemporaryDirectory { folder in
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
    func refusesBadFolders() throws {
        try withTemporaryDirectory { folder in
            let absent = folder.appending("absent")
            #expect(throws: DatasetError.noFolder(absent)) { try ImageList(folder: absent) }
            #expect(throws: DatasetError.noImages(folder)) { try ImageList(folder: folder) }
        }
    }

    @Test(
        "What is wrong with a list is said",
        arguments: [
            ("image,a\nx.jpg,1\n", "has no column \"img\""),
            ("img,a,a\nx.jpg,1,1\n", "has two columns \"a\""),
            ("img,a\nx.jpg\n", "line 2 has 1 cells, the header 2"),
            ("img,a\ny.jpg,1\n", "line 2: there is no file"),
            ("img,a\r\n\r\nx.jpg,\"two\r\nlines\"\r\ny.jpg,1\r\n", "line 5: there is no file"),
            ("img,a\nx.jpg,\"1\n", "a quote is not closed"),
            ("img,a\n\"x\"y,1\n", "is no CSV file"),
            ("img,a\n", "holds no images"),
            ("", "has no column \"img\""),
        ]
    )
    func refusesBadLists(text: String, message: String) throws {
        try withTemporaryDirectory { folder in
            try files.create(folder.appending("x.jpg"), contents: [1], durably: false)
            try write(text, in: folder)
            let error = try #require(throws: DatasetError.self) { try ImageList(folder: folder) }
            #expect(error.description.contains(message), "\(error)")
        }
    }

    private func write(_ text: String, in folder: FilePath) throws {
        try files.create(folder.appending("test.csv"), contents: Array(text.utf8), durably: false)
    }

    private func link(_ target: String, at path: FilePath) throws {
        try #require(unsafe symlink(target, path.string) == 0)
    }
}
