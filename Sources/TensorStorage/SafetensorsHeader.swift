// SPDX-License-Identifier: MIT

private import FoundationEssentials

/// The entries of a `.safetensors` file's header.
struct SafetensorsHeader {
    /// What the header says of one tensor.
    struct Entry: Decodable {
        let dtype: String
        let shape: [Int]
        let dataOffsets: [Int]

        private enum CodingKeys: String, CodingKey {
            case dtype, shape
            case dataOffsets = "data_offsets"
        }
    }

    private(set) var entries: [String: Entry] = [:]

    init(parsing text: ArraySlice<UInt8>) throws(TensorFileError) {
        do {
            entries = try JSONDecoder().decode(Entries.self, from: Data(text)).byName
        } catch let DecodingError.keyNotFound(_, context), let DecodingError.typeMismatch(_, context),
            let DecodingError.valueNotFound(_, context)
        {
            let name = context.codingPath.first?.stringValue.prefix(100)
            let place = name.map { "the entry of \"\($0)\"" } ?? "its header"
            throw .malformed(format: "safetensors", reason: "\(place) is incomplete or of another type")
        } catch {
            throw .malformed(format: "safetensors", reason: "its header is no JSON object")
        }
    }
}

/// All members of the header but the metadata, which nothing here needs.
private struct Entries: Decodable {
    private(set) var byName: [String: SafetensorsHeader.Entry] = [:]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: AnyName.self)
        for key in container.allKeys where key.stringValue != "__metadata__" {
            byName[key.stringValue] = try container.decode(SafetensorsHeader.Entry.self, forKey: key)
        }
    }
}

/// A key of any name.
private struct AnyName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
