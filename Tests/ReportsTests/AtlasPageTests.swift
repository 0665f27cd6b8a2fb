// SPDX-License-Identifier: MIT

import FoundationEssentials
import ImageCoding
import Testing

@testable import Reports

@Suite("The atlas's page", .timeLimit(.minutes(120)))
struct AtlasPageTests {
    private func file(_ name: String, in files: [AtlasFile]) throws -> String {
        String(decoding: try #require(files.first { $0.name == name }).bytes, as: UTF8.self)
    }

    /// What stands between a script's first and last bracket of a kind.
    private func json(_ script: String, from open: Character, to close: Character) throws -> Any {
        let first = try #require(script.firstIndex(of: open))
        let last = try #require(script.lastIndex(of: close))
        return try JSONDecoder().decode(Value.self, from: Data(script[first...last].utf8)).any
    }

    @Test("It has the page, the index, and one file a layer, and ends with what refers to them")
    func files() throws {
        let names = atlas([]).page(sheets: []).map(\.name)
        #expect(names.last == "index.html" && names.suffix(2).first == "data/index.js")
        #expect(names.contains("data/conv2d0.js") && names.contains("data/logits.js"))
        #expect(Set(names).count == names.count)
    }

    @Test("The page takes nothing but the files that are written with it, and no network")
    func references() throws {
        let files = atlas([]).page(sheets: [])
        let names = Set(files.map(\.name)).union(["index.json"])
        let page = try file("index.html", in: files)
        let references = page.matches(of: #/(?:src|href)="([^"#]+)"/#).map { String($0.output.1) }
        #expect(references.count > 8 && Set(references).isSubset(of: names))
        for file in files {
            let text = String(decoding: file.bytes, as: UTF8.self)
                .replacing("http://www.w3.org/2000/svg", with: "")
            #expect(!text.contains("http:") && !text.contains("https:") && !text.contains("innerHTML"))
        }
        #expect(page.contains("default-src 'none'"))
    }

    @Test("The index counts each layer's neurons, pictures and failures")
    func counts() throws {
        let atlas = atlas(
            [
                picture("base", "logits", 1), picture("other", "logits", 1),
                picture("base", "logits", 4, threshold: 64),
                picture("base", "logits", 4, error: "no memory"),
            ],
            parameters: [.init("size", .text("</script>"))]
        )
        let script = try file("data/index.js", in: atlas.page(sheets: []))
        let index = try #require(try json(script, from: "{", to: "}") as? [String: Any])
        #expect("\(index["layers"] ?? "")" == #"[["conv2d0", 0.0, 0.0, 0.0], ["logits", 2.0, 4.0, 1.0]]"#)
        #expect("\(index["models"] ?? "")" == #"["base", "other"]"#)
        #expect(!script.contains("</script>") && script.hasPrefix("lucidAtlas.index = {"))
    }

    @Test("A layer's rows hold what the page shows, with a trace of 32 values and the place on the sheet")
    func rows() throws {
        let trace = (0..<512).map(Float.init)
        let tile = AtlasSheet.Tile(channel: 4, objective: 1, thumbnail: syntheticPicture(seed: 1, model: 0, side: 20))
        let title = AtlasSheet.Title(campaign: "c", model: "other", layer: "logits", steps: 512)
        let sheet = try AtlasSheet(title: title, tiles: [.init(channel: 1, objective: nil, thumbnail: nil), tile])
        let pictures = [
            picture("base", "logits", 4, trace: trace), picture("other", "logits", 4, objective: 2.25),
            picture("other", "logits", 1, objective: nil, error: "\u{2028}"),
        ]
        let files = atlas(pictures).page(sheets: [
            PlacedSheet(model: "other", layer: "logits", file: "other/logits/sheet.png", geometry: sheet.geometry)
        ])
        let script = try file("data/logits.js", in: files)
        #expect(script.hasPrefix("lucidAtlas.layers.set(\"logits\", {"))
        let lines = script.split(separator: "\n").map { String($0) }
        let traced = reduced(trace[...], to: 32).map { String(Int($0)) }.joined(separator: ",")
        #expect(lines.contains("[0,4,null,512,512,3,null,\"base/logits/4.png\",1.5,null,[\(traced)]],"))
        #expect(lines.contains("[1,1,null,512,512,3,null,null,null,null,[],\"\\u2028\"],"))
        #expect(lines.contains("[1,4,null,512,512,3,1,\"other/logits/4.png\",2.25,null,[]]],"))
        #expect(lines.contains { $0.hasPrefix("[\"other/logits/sheet.png\",1,\(sheet.geometry.width),") })
    }

    @Test("A reduced trace keeps its ends and even distances", arguments: [0, 1, 32, 33, 100, 512, 2048])
    func traces(count: Int) {
        // A part of a longer one, as an early threshold's is.
        let steps = reduced((-5..<count + 5).map(Float.init)[5..<count + 5], to: 32)
        #expect(steps.count == min(count, 32))
        #expect(steps.first == (count == 0 ? nil : 0) && steps.last == (count == 0 ? nil : Float(count - 1)))
        let distances = zip(steps.dropFirst(), steps).map { $0 - $1 }
        #expect((distances.max() ?? 0) - (distances.min() ?? 0) <= 1)
    }
}

/// Any JSON value.
private enum Value: Decodable {
    case object([String: Value])
    case list([Value])
    case number(Double)
    case text(String)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode([String: Value].self) {
            self = .object(value)
        } else if let value = try? container.decode([Value].self) {
            self = .list(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    var any: Any {
        switch self {
        case .object(let members): members.mapValues(\.any)
        case .list(let values): values.map(\.any)
        case .number(let value): value
        case .text(let value): value
        }
    }
}
