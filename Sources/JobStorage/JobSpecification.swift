// SPDX-License-Identifier: MIT

public import SystemSupport

/// What a job is to do: a kind, and a payload that only this kind understands.
public struct JobSpecification: Hashable, Sendable {
    /// The most bytes that a payload may have.
    public static let payloadLimit = 256 << 10

    /// Derived from kind and payload, so the same work has the same name everywhere.
    public let id: JobID
    /// Which runner does it: `[a-z0-9-]{1,24}`.
    public let kind: String
    /// A JSON object in UTF-8, kept byte for byte.
    public let payload: [UInt8]
    /// 0 to 9; 0 goes first.
    public let priority: Int

    /// Describes a job and computes its name.
    public init(kind: String, payload: [UInt8], priority: Int) {
        precondition(Reason(kind) != nil, "a kind is one of [a-z0-9-]{1,24}")
        precondition((0...9).contains(priority), "a priority is one digit")
        precondition(payload.count <= Self.payloadLimit, "a payload has at most \(Self.payloadLimit) bytes")
        precondition(String(validating: payload, as: UTF8.self) != nil, "a payload is text in UTF-8")
        self.init(valid: payload, kind: kind, priority: priority)
    }

    /// Describes a job of a kind and priority that were checked; nil where its payload is too long or no text.
    init?(checking payload: [UInt8], kind: String, priority: Int) {
        guard payload.count <= Self.payloadLimit, String(validating: payload, as: UTF8.self) != nil else { return nil }
        self.init(valid: payload, kind: kind, priority: priority)
    }

    private init(valid payload: [UInt8], kind: String, priority: Int) {
        var hasher = ContentDigest.Hasher()
        hasher.update(Array("\(kind)\n".utf8))
        hasher.update(payload)
        id = JobID(hasher.finalize())
        self.kind = kind
        self.payload = payload
        self.priority = priority
    }
}

/// Why a job's file cannot be worked from.
public enum JobRecordError: Error, Equatable, CustomStringConvertible {
    /// The file could not be read: gone, a link, too long.
    case unreadable(FileError)
    /// It is not a record of this format.
    case malformed
    /// It belongs to another job directory, campaign or job than its name says.
    case misplaced
    /// Kind and payload are not those that gave the job its name.
    case wrongDigest

    /// What is wrong with the file.
    public var description: String {
        switch self {
        case .unreadable(let error): "\(error)"
        case .malformed: "the job's file is not a job record of format \(QueueSettings.formatVersion)"
        case .misplaced: "the job's file belongs to another job, campaign or job directory"
        case .wrongDigest: "the job's file was changed: its digest is not the job's name"
        }
    }
}

/// The content of a job's file.
struct JobRecord: Codable {
    /// The most bytes that such a file may have: a payload with every character escaped, and the rest.
    static let sizeLimit = 1 << 20

    let format: Int
    let run: String
    let campaign: CampaignID
    let job: JobID
    let kind: String
    let priority: Int
    /// The payload's text as a JSON string, which keeps its bytes exactly.
    let payload: String

    init(_ job: JobSpecification, campaign: CampaignID, run: String) {
        format = QueueSettings.formatVersion
        self.run = run
        self.campaign = campaign
        self.job = job.id
        kind = job.kind
        priority = job.priority
        payload = String(decoding: job.payload, as: UTF8.self)
    }

    /// Gives the job, once everything that its name promises was checked.
    func specification(for token: Token, run: String) throws(JobRecordError) -> JobSpecification {
        guard format == QueueSettings.formatVersion else { throw .malformed }
        guard self.run == run, campaign == token.campaign, job == token.name.job else { throw .misplaced }
        guard Reason(kind) != nil, (0...9).contains(priority), payload.utf8.count <= JobSpecification.payloadLimit
        else {
            throw .malformed
        }
        let specification = JobSpecification(kind: kind, payload: Array(payload.utf8), priority: priority)
        guard specification.id == job else { throw .wrongDigest }
        return specification
    }
}
