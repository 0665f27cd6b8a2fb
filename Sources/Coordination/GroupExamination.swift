// SPDX-License-Identifier: MIT

private import JobStorage
internal import SystemPackage
internal import SystemSupport

/// Examines whether everybody of a job directory's group can work in it.
struct GroupExamination {
    private static let mostLooks = 20_000
    private static let name = "group"

    private let root: FilePath
    private let fileSystem: any FileSystem

    init(_ root: FilePath, on fileSystem: any FileSystem) {
        self.root = root
        self.fileSystem = fileSystem
    }

    func finding() throws -> ExaminationFinding {
        let access = try fileSystem.access(to: root)
        let observation = inspect(below: access)
        let isShared = access.mode & 0o020 != 0
        guard isShared || observation.owners.count > 1 else {
            let text = "for one user; the group \(access.group) may not write, whatever a program's umask"
            return ExaminationFinding(Self.name, .ok, text)
        }
        guard isShared, access.passesGroupOn else {
            guard observation.owners.count > 1 else { return shared(access, observation) }
            let lack = isShared ? "does not pass its group on (setgid)" : "is closed to its group's writing"
            let text =
                "users \(list(observation.owners)) work here, and \"\(root)\" \(lack); \(mending(access, observation))"
            return ExaminationFinding(Self.name, .warning, text)
        }
        return shared(access, observation)
    }

    private func shared(_ access: FileAccess, _ observation: Observation) -> ExaminationFinding {
        guard let example = observation.closed.min() else {
            let text = "all of group \(access.group) may work here, whatever their programs' umask"
            return ExaminationFinding(Self.name, .ok, text)
        }
        let what =
            observation.closed.count == 1 ? "one folder or file is" : "\(observation.closed.count) folders or files are"
        let text =
            "\"\(root)\" is open to its group \(access.group), and \(what) not, as a program under another umask "
            + "made it, or in another group: \"\(example)\"; \(mending(access, observation))"
        return ExaminationFinding(Self.name, observation.owners.count > 1 ? .failure : .warning, text)
    }

    private func mending(_ access: FileAccess, _ observation: Observation) -> String {
        let group = observation.isOtherGroupSeen ? "chgrp -R \(access.group) \(root); " : ""
        let who = observation.owners.count > 1 ? "each of its owners mends it with" : "mend it with"
        return "\(who): \(group)chmod -R g+rwX \(root); find \(root) -type d -exec chmod g+s {} +"
    }

    private func list(_ users: Set<UInt32>) -> String {
        users.sorted().prefix(5).map(String.init).joined(separator: ", ")
    }

    // MARK: Looking

    private struct Observation {
        var owners: Set<UInt32>
        var closed: [String] = []
        var isOtherGroupSeen = false
    }

    /// Looks at folders and files, those near the root first, until there were very many.
    private func inspect(below access: FileAccess) -> Observation {
        var observation = Observation(owners: [access.owner])
        var folders = [root]
        var next = 0
        var looks = 0
        while next < folders.count {
            let folder = folders[next]
            next += 1
            for name in (try? fileSystem.names(in: folder)) ?? [] {
                looks += 1
                if looks > Self.mostLooks { return observation }
                let path = folder.below(name)
                if inspect(path, as: access, &observation) { folders.append(path) }
            }
        }
        return observation
    }

    /// Takes a look at one thing, and says whether it is a folder.
    private func inspect(_ path: FilePath, as root: FileAccess, _ observation: inout Observation) -> Bool {
        let access: FileAccess
        do throws(FileError) {
            access = try fileSystem.access(to: path)
        } catch {
            // What went away meanwhile is nobody's trouble.
            if error.errno == .permissionDenied { observation.closed.append(path.string) }
            return false
        }
        observation.owners.insert(access.owner)
        let wanted: UInt32 = access.isDirectory ? root.mode & 0o070 : root.mode & 0o040
        let isOther = access.group != root.group
        if isOther { observation.isOtherGroupSeen = true }
        if isOther || access.mode & wanted != wanted { observation.closed.append(path.string) }
        return access.isDirectory
    }
}
