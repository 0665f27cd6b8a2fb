// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

extension JobDirectory {
    var controlRecords: NumberedRecords {
        NumberedRecords(fileSystem: fileSystem, folder: root.below("control"))
    }

    /// Tells all who work here what is wanted.
    ///
    /// - Parameters:
    ///   - verb: what is wanted.
    ///   - scope: of what.
    ///   - reason: why, in the user's words; cut to 500 characters.
    ///   - scratch: the caller's own folder.
    /// - Throws: `FileError` where nobody can tell whether it was said.
    /// - Returns: the record's number.
    public func post(
        _ verb: ControlRecord.Verb,
        _ scope: ControlRecord.Scope,
        reason: String = "",
        scratch: FilePath
    ) throws(FileError) -> Int {
        let nonce = platform.randomDigits()
        let record = ControlRecord(
            run: settings.run,
            verb: verb,
            scope: scope,
            reason: reason,
            time: platform.secondsSince1970,
            nonce: nonce
        )
        return try controlRecords.add(encodedRecord(record), draft: scratch.below("control-\(nonce)"))
    }
}

/// Reads what users have said, each record once.
public struct ControlReader: Sendable {
    private let records: NumberedRecords
    private let run: String
    private var known: [Int: ControlRecord] = [:]
    /// What holds as of the last look.
    public private(set) var state = ControlState()

    /// Starts with nothing read.
    public init(_ directory: JobDirectory) {
        records = directory.controlRecords
        run = directory.settings.run
    }

    /// Reads what is new.
    ///
    /// A record that cannot be understood says nothing; one that cannot be read now is read at the next look.
    ///
    /// - Returns: whether anything was new.
    @discardableResult
    public mutating func refresh() throws(FileError) -> Bool {
        var found: [Int: ControlRecord] = [:]
        for number in try records.numbers() where known[number] == nil {
            guard let bytes = try records.contentsIfRecord(of: number),
                let record = decodedRecord(ControlRecord.self, from: bytes), record.isSensible(in: run)
            else { continue }
            found[number] = record
        }
        guard !found.isEmpty else { return false }
        known.merge(found) { mine, _ in mine }
        // All over again, since a listing may have missed a number that it shows now.
        state = ControlState()
        for (number, record) in known.sorted(by: { $0.key < $1.key }) { state.apply(record, number: number) }
        return true
    }
}
