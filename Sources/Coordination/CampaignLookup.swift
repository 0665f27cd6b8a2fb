// SPDX-License-Identifier: MIT

public import JobStorage

extension JobDirectory {
    /// The campaign of an id, or of a name where only one campaign has it.
    ///
    /// - Throws: `SubmissionError` where there is none, or more than one.
    /// - Returns: the id.
    public func campaign(called text: String) throws -> CampaignID {
        let known = try campaigns()
        if let id = known.first(where: { $0.description == text }) { return id }
        let named = known.filter { $0.description.dropLast(9) == text }
        switch named.count {
        case 1: return named[0]
        case 0:
            let list = known.isEmpty ? "there are none" : known.map(\.description).joined(separator: ", ")
            throw SubmissionError("there is no campaign \"\(text)\"; known are: \(list)")
        default:
            let ids = named.map(\.description).joined(separator: ", ")
            throw SubmissionError("\(named.count) campaigns are called \"\(text)\"; give an id: \(ids)")
        }
    }
}
