// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// Lets several processes try to rename, link and create the same files, and counts who got what.
public struct RaceExamination {
    /// How many files are fought for.
    public static let prizeCount = 200

    private let fileSystem: any FileSystem
    private let folder: FilePath

    /// Races in a folder, seen by one process through its own mount.
    public init(_ fileSystem: any FileSystem, folder: FilePath) {
        self.fileSystem = fileSystem
        self.folder = folder
    }

    /// Makes the files to fight for, and then the sign to start.
    public func prepare() throws(FileError) {
        for kind in ["claims", "links"] { try fileSystem.makeDirectory(folder.appending(kind)) }
        for number in 0..<Self.prizeCount {
            try fileSystem.create(claim(number), contents: [], durably: false)
        }
        try fileSystem.create(folder.appending("start"), contents: [], durably: true)
    }

    /// Takes as many of the files as can be had under a name; to be called by each process.
    ///
    /// Waits for the sign to start, at most some seconds.
    public func race(as name: String) throws(FileError) {
        let sign = folder.appending("start")
        let never = Monitor(())
        var patience = 500
        while try !fileSystem.isPresent(sign), patience > 0 {
            patience -= 1
            _ = never.wait(atMost: .milliseconds(10)) { _ in nil as Void? }
        }
        let own = folder.appending("own-\(name)")
        try fileSystem.create(own, contents: Array(name.utf8), durably: false)
        for number in 0..<Self.prizeCount {
            try? fileSystem.rename(claim(number), to: folder.appending("claims").appending("won-\(number)-\(name)"))
            try? fileSystem.link(own, to: folder.appending("links").appending("\(number)"))
        }
    }

    /// What came of it, when all have ended.
    public func finding(racers: Int, named name: String = "races") throws(FileError) -> ExaminationFinding {
        var winners: [String: Int] = [:]
        let claims = try fileSystem.names(in: folder.appending("claims")).filter { $0.hasPrefix("won-") }
        for file in claims {
            let number = String(file.dropFirst(4).prefix { $0 != "-" })
            winners[number, default: 0] += 1
        }
        if let twice = winners.first(where: { $0.value > 1 }) {
            return ExaminationFinding(
                name,
                .failure,
                "file \(twice.key) was renamed by \(twice.value) processes at once; use another place"
            )
        }
        let runners = Set(claims.compactMap { $0.split(separator: "-").last })
        let links = try fileSystem.names(in: folder.appending("links")).count
        guard winners.count == Self.prizeCount, links == Self.prizeCount else {
            return ExaminationFinding(
                name,
                .failure,
                "of \(Self.prizeCount) files \(winners.count) were renamed and \(links) linked; use another place"
            )
        }
        // One that comes late for everything is no rival.
        guard runners.count > 1 else {
            return ExaminationFinding(name, .warning, "one process was quicker with every file; try again")
        }
        return ExaminationFinding(
            name,
            .ok,
            "\(racers) processes renamed and linked \(Self.prizeCount) files, each once",
            value: Double(Self.prizeCount)
        )
    }

    private func claim(_ number: Int) -> FilePath { folder.appending("claims").appending("prize-\(number)") }
}
