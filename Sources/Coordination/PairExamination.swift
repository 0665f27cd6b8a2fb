// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// Two processes on two machines that find out together how soon one sees what the other did.
///
/// They talk by files in a folder of the job directory: one of them *acts*, in steps that both know, and the other one
/// *watches*. A machine's caches show only on a machine, so two processes of one cannot take both parts. What is measured
/// is on the clock of the one that acts, there and back.
public struct PairExamination {
    /// What the two cannot go on after.
    public enum Trouble: Error, CustomStringConvertible {
        /// The other one did not answer.
        case silence(seconds: Int)

        /// Words for people.
        public var description: String {
            switch self {
            case .silence(let seconds):
                "the other machine has not answered for \(seconds) s; see what `doctor --join` says there, and whether both "
                    + "see the same directory"
            }
        }
    }

    /// Something that one does and the other one sees.
    private enum Scene: String, CaseIterable {
        case newFile = "new file"
        case absentName = "absent name"
        case rememberedAbsence = "remembered absence"
        case replacedFile = "replaced file"
        case overwrittenFile = "overwritten file"
        case removedFile = "removed file"
        case renamedFile = "renamed file"
        case rememberedName = "remembered name"

        /// Whether jobs do not depend on it, so that it is not waited for longer.
        var isWorkedAround: Bool { self == .rememberedAbsence || self == .rememberedName }
    }

    /// Where the protocol depends on it, later than this is a fault of the place.
    private static let limit = Duration.seconds(60)
    /// What is worked around is not waited for longer.
    private static let shortLimit = Duration.seconds(5)
    private static let silence = Duration.seconds(150)

    private let fileSystem: any FileSystem
    private let folder: FilePath
    private let platform: any Platform

    /// Examines what two machines see of a folder, which one of them has made.
    public init(_ fileSystem: any FileSystem, folder: FilePath, platform: any Platform = ThisMachine()) {
        (self.fileSystem, self.folder, self.platform) = (fileSystem, folder, platform)
    }

    // MARK: Acting

    /// Makes the folder ready for the other one to come.
    public func prepare() throws(FileError) {
        try fileSystem.makeDirectories(folder.appending("signs"))
        for scene in Scene.allCases { try fileSystem.makeDirectory(path(of: scene)) }
        try fileSystem.makeDirectory(races)
    }

    /// Whether the other one has come.
    public func isJoined() throws(FileError) -> Bool { try fileSystem.isPresent(sign("joined")) }

    /// Acts, and says what was found; to be called once the other one has joined.
    public func act(onStep: (String) -> Void) throws -> [ExaminationFinding] {
        var findings = [try compareMachines(), try measureAnswers()]
        for scene in Scene.allCases {
            onStep(scene.rawValue)
            findings.append(try act(scene))
        }
        onStep("races")
        let race = RaceExamination(fileSystem, folder: races)
        try race.prepare()
        try race.race(as: "acting")
        try receive("raced")
        findings.append(try race.finding(racers: 2, named: "races of two machines"))
        return findings
    }

    /// What one machine remembers, another process on it is told as well: two of one machine find out nothing.
    private func compareMachines() throws -> ExaminationFinding {
        let name = "two machines"
        let other = try fileSystem.contents(of: sign("joined"), limit: 1 << 10)
        guard other == (try machine()) else { return ExaminationFinding(name, .ok, "they are two") }
        return ExaminationFinding(
            name,
            .failure,
            "both doctors run on this machine, which shows nothing of what another one sees; start one of them there"
        )
    }

    private func machine() throws -> [UInt8] { Array(try platform.identity().bootIdentifier.utf8) }

    private func measureAnswers() throws -> ExaminationFinding {
        let start = platform.now
        let count = 10
        for number in 0..<count {
            try give("call-\(number)")
            try receive("answer-\(number)")
        }
        let milliseconds: Double = start.duration(to: platform.now) / .seconds(1) / Double(count) * 1000
        let text = "two machines ask and answer by files in \(Int(milliseconds.rounded())) ms"
        return ExaminationFinding("answers", milliseconds > 5000 ? .warning : .ok, text, value: milliseconds)
    }

    private func act(_ scene: Scene) throws -> ExaminationFinding {
        let (first, second) = names(scene)
        switch scene {
        case .newFile, .absentName, .rememberedAbsence: break
        case .replacedFile, .overwrittenFile, .removedFile, .renamedFile, .rememberedName:
            try fileSystem.create(first, contents: Self.before, durably: true)
        }
        try give("set \(scene)")
        try receive("ready \(scene)")
        let start = platform.now
        switch scene {
        case .newFile, .absentName, .rememberedAbsence: try fileSystem.create(first, contents: [1], durably: true)
        case .replacedFile: try fileSystem.replace(first, contents: Self.after, by: second)
        case .overwrittenFile: try fileSystem.overwrite(first, contents: Self.after)
        case .removedFile: try fileSystem.remove(first)
        case .renamedFile, .rememberedName: try fileSystem.rename(first, to: second)
        }
        try give("done \(scene)")
        let isSeen = try receive("seen \(scene)", or: "late \(scene)")
        return finding(scene, isSeen ? start.duration(to: platform.now) : nil)
    }

    private func finding(_ scene: Scene, _ time: Duration?) -> ExaminationFinding {
        let value = time.map { $0 / .seconds(1) * 1000 }
        let after = value.map { "after \(Int($0.rounded())) ms" }
        if scene.isWorkedAround {
            let text = after ?? "not within \(Self.shortLimit.components.seconds) s"
            return ExaminationFinding(
                scene.rawValue,
                .ok,
                "\(Self.words(scene)) is seen \(text) where nobody opens its folder; jobs open it",
                value: value
            )
        }
        guard let time, let after else {
            let text = "is not seen after \(Self.limit.components.seconds) s; mount without nocto, or use another place"
            return ExaminationFinding(scene.rawValue, .failure, "\(Self.words(scene)) \(text)")
        }
        let state: ExaminationFinding.State = time > .seconds(5) ? .warning : .ok
        return ExaminationFinding(scene.rawValue, state, "\(Self.words(scene)) is seen \(after)", value: value)
    }

    private static func words(_ scene: Scene) -> String {
        switch scene {
        case .newFile: "a new file"
        case .absentName: "a file whose name was asked for before it was made"
        case .rememberedAbsence: "such a file"
        case .replacedFile: "a file's new content, by a rename,"
        case .overwrittenFile: "a file's new content, written in place,"
        case .removedFile: "that a file was removed"
        case .renamedFile, .rememberedName: "that a file was renamed"
        }
    }

    // MARK: Watching

    /// Takes the other part.
    public func watch(onStep: (String) -> Void) throws {
        let draft = folder.appending("joining")
        try fileSystem.create(draft, contents: machine(), durably: true)
        try fileSystem.rename(draft, to: sign("joined"))
        for number in 0..<10 {
            try receive("call-\(number)")
            try give("answer-\(number)")
        }
        for scene in Scene.allCases {
            onStep(scene.rawValue)
            try receive("set \(scene)")
            try lookBefore(scene)
            try give("ready \(scene)")
            // A new file is one that nobody asked for before it was there.
            if scene == .newFile { try receive("done \(scene)") }
            let limit = scene.isWorkedAround ? Self.shortLimit : Self.limit
            try give(try wait(limit, until: { try hasHappened(scene) }) ? "seen \(scene)" : "late \(scene)")
        }
        onStep("races")
        try RaceExamination(fileSystem, folder: races).race(as: "watching")
        // The last word: the one that acts may take the folder away as soon as it hears it.
        try give("raced")
    }

    /// Fills this machine's caches with what is there, and with what is not.
    private func lookBefore(_ scene: Scene) throws(FileError) {
        let (first, _) = names(scene)
        switch scene {
        case .newFile: break
        case .absentName, .rememberedAbsence: _ = try fileSystem.isSeen(first)
        case .replacedFile, .overwrittenFile, .removedFile, .renamedFile, .rememberedName:
            _ = try fileSystem.contents(of: first, limit: 1 << 10)
        }
    }

    private func hasHappened(_ scene: Scene) throws(FileError) -> Bool {
        // A handle that became stale between two calls says nothing: the next look is with a fresh one.
        do throws(FileError) { return try sees(scene) } catch  where error.isTransient { return false }
    }

    private func sees(_ scene: Scene) throws(FileError) -> Bool {
        let (first, second) = names(scene)
        switch scene {
        case .newFile, .rememberedAbsence: return try fileSystem.isSeen(first)
        case .absentName: return try fileSystem.isPresent(first)
        case .replacedFile, .overwrittenFile:
            return try fileSystem.contents(of: first, limit: 1 << 10) == Self.after
        case .removedFile: return try !fileSystem.isPresent(first)
        case .rememberedName: return try !fileSystem.isSeen(first)
        case .renamedFile:
            try fileSystem.refreshDirectories(above: first)
            if try fileSystem.isPresent(first) { return false }
            return try fileSystem.isPresent(second)
        }
    }

    // MARK: Signs

    private static let before = Array("before".utf8)
    private static let after = Array("afterwards".utf8)

    private var races: FilePath { folder.appending("races") }

    private func path(of scene: Scene) -> FilePath { folder.appending("\(scene)") }

    private func names(_ scene: Scene) -> (FilePath, FilePath) {
        (path(of: scene).appending("first"), path(of: scene).appending("second"))
    }

    private func sign(_ name: String) -> FilePath {
        folder.appending("signs").appending(name.replacing(" ", with: "-"))
    }

    /// Changes the folder of signs: a sign that was made within the same tick of the server's clock as an earlier change stays
    /// hidden from a machine that has seen that one, until the next.
    private func nudge() {
        let file = sign("nudge-\(platform.randomBits())")
        try? fileSystem.create(file, contents: [], durably: false)
        try? fileSystem.remove(file)
    }

    private func give(_ name: String) throws(FileError) {
        try fileSystem.create(sign(name), contents: [], durably: false)
    }

    private func receive(_ name: String) throws { _ = try receive(name, or: nil) }

    /// Whether the first of two signs was given, and not the second.
    private func receive(_ name: String, or other: String?) throws -> Bool {
        var isFirst = true
        let isGiven = try wait(Self.silence) {
            if try fileSystem.isPresent(sign(name)) { return true }
            guard let other, try fileSystem.isPresent(sign(other)) else { return false }
            isFirst = false
            return true
        }
        guard isGiven else { throw Trouble.silence(seconds: Int(Self.silence.components.seconds)) }
        return isFirst
    }

    private func wait(_ limit: Duration, until condition: () throws -> Bool) throws -> Bool {
        let start = platform.now
        let never = Monitor(())
        var nudges = Rhythm(every: .seconds(2))
        _ = nudges.takeTurn(at: start)
        while try !condition() {
            let now = platform.now
            guard start.duration(to: now) < limit else { return false }
            if nudges.takeTurn(at: now) { nudge() }
            _ = platform.wait(on: never, atMost: .milliseconds(10)) { _ in false }
        }
        return true
    }
}
