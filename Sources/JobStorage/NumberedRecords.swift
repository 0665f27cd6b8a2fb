// SPDX-License-Identifier: MIT

internal import SystemPackage
internal import SystemSupport

/// A folder of records whose names are eight digits: each is written once, and the highest number came last.
struct NumberedRecords {
    private static let recordLimit = 1 << 20
    private static let lastNumber = 99_999_999

    let fileSystem: any FileSystem
    let folder: FilePath

    /// Numbers grow by one, but those of hints start where others were removed.
    private static let longestGap = 1_000_000

    /// The numbers that are taken, the smallest first, but for what somebody put far beyond the others.
    func numbers() throws(FileError) -> [Int] {
        let all = try fileSystem.names(in: folder).compactMap { name -> Int? in
            guard name.utf8.count == 8, name.utf8.allSatisfy(\.isDecimal) else { return nil }
            return Int(name)
        }
        .sorted()
        let end = all.indices.dropFirst().first { all[$0] - all[$0 - 1] > Self.longestGap }
        return Array(all[..<(end ?? all.endIndex)])
    }

    /// The bytes of a record.
    func contents(of number: Int) throws(FileError) -> [UInt8] {
        try fileSystem.contents(of: path(of: number), limit: Self.recordLimit)
    }

    /// The bytes of a record; nil where something else stands under its number, which nobody will ever be able to read.
    func contentsIfRecord(of number: Int) throws(FileError) -> [UInt8]? {
        do throws(FileError) {
            return try contents(of: number)
        } catch  where Self.strangerErrors.contains(error.errno) {
            return nil
        }
    }

    /// What reading a folder, a link, a pipe, a socket or a file beyond the limit comes to.
    private static let strangerErrors: [Errno] = [
        .isDirectory, .tooManySymbolicLinkLevels, .illegalSeek, .noSuchAddressOrDevice, .fileTooLarge,
    ]

    /// Adds a record under the next number that is free.
    ///
    /// A link that reported an error may still be made later, so the same number is tried until what stands there is
    /// known. `draft` is a name in the caller's own folder, and the bytes must be like no other record's.
    ///
    /// - Returns: the record's number.
    func add(_ bytes: [UInt8], draft: FilePath) throws(FileError) -> Int {
        try fileSystem.create(draft, contents: bytes, durably: true)
        defer { try? fileSystem.remove(draft) }
        var number = (try numbers().last ?? 0) + 1
        var triesLeft = 3
        while number <= Self.lastNumber {
            var refusal: FileError?
            do throws(FileError) { try fileSystem.link(draft, to: path(of: number)) } catch { refusal = error }
            guard let refusal else { break }
            if try fileSystem.isPresent(path(of: number)) {
                if try contentsIfRecord(of: number) == bytes { break }
                number += 1
            } else {
                triesLeft -= 1
                guard triesLeft > 0, !refusal.isEnvironmental else { throw refusal }
            }
        }
        guard number <= Self.lastNumber else { throw FileError("add a record to", folder, .fileTooLarge) }
        try fileSystem.synchronize(directory: folder)
        return number
    }

    /// Removes a record that nobody needs any more.
    func remove(_ number: Int) throws(FileError) {
        do throws(FileError) {
            try fileSystem.remove(path(of: number))
        } catch  where error.errno == .noSuchFileOrDirectory {
            // Somebody else removed it.
        }
    }

    func path(of number: Int) -> FilePath {
        let digits = String(number)
        return folder.below(String(repeating: "0", count: 8 - digits.count) + digits)
    }
}
