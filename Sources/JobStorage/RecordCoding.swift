// SPDX-License-Identifier: MIT

internal import FoundationEssentials

/// One line of JSON with sorted keys, so that equal records are equal bytes.
func encodedRecord(_ record: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
        return Array(try encoder.encode(record))
    } catch {
        // Encoding fails for numbers that are not finite alone: the records' only ones are times and bounded fractions.
        preconditionFailure("records hold only what JSON can say: \(error)")
    }
}

/// The record in some bytes, or nil where they are no such record.
func decodedRecord<Record: Decodable>(_ type: Record.Type, from bytes: some Sequence<UInt8>) -> Record? {
    try? JSONDecoder().decode(type, from: Data(bytes))
}
