// SPDX-License-Identifier: MIT

extension Atlas {
    /// What the page knows from the start; the order of a layer's numbers is that of the script's `readIndex`.
    func indexScript(_ numbers: [String: [Int]]) -> [UInt8] {
        var json = JSONBytes()
        json.raw("lucidAtlas.index = {\n\"campaign\": ")
        json.text(campaign)
        json.raw(",\n\"expected\": ")
        json.integer(expected)
        if let ending {
            json.raw(",\n\"ended\": ")
            json.text(ending.rawValue)
        }
        json.raw(",\n\"models\": [")
        for (number, model) in models.enumerated() {
            if number > 0 { json.raw(", ") }
            json.text(model)
        }
        json.raw("],\n\"parameters\": [")
        for (number, parameter) in parameters.enumerated() {
            json.raw(number == 0 ? "\n[" : ",\n[")
            json.text(parameter.name)
            json.raw(", ")
            json.text(parameter.value.description)
            json.raw("]")
        }
        json.raw("],\n\"layers\": [")
        for (number, layer) in layers.enumerated() {
            let present = numbers[layer] ?? []
            json.raw(number == 0 ? "\n[" : ",\n[")
            json.text(layer)
            json.raw(", ")
            json.integer(Set(present.map { pictures[$0].channel }).count)
            json.raw(", ")
            json.integer(present.count)
            json.raw(", ")
            json.integer(present.count { pictures[$0].file == nil })
            json.raw("]")
        }
        json.raw("]\n};\n")
        return json.drain()
    }

    /// A layer's pictures as rows of numbers and texts, in the order of the script's `readLayer`.
    func layerScript(
        _ layer: String,
        _ numbers: [Int],
        _ sheets: [PlacedSheet],
        _ exemplars: [Exemplar]
    ) -> [UInt8] {
        let modelNumbers = Dictionary(models.enumerated().map { ($1, $0) }) { first, _ in first }
        var places: [Int: AtlasSheetGeometry] = [:]
        var json = JSONBytes()
        json.raw("lucidAtlas.layers.set(")
        json.text(layer)
        json.raw(", {\n\"sheets\": [")
        for sheet in sheets {
            guard let model = modelNumbers[sheet.model], places[model] == nil else { continue }
            json.raw(places.isEmpty ? "\n" : ",\n")
            places[model] = sheet.geometry
            json.write(sheet, model: model)
        }
        json.raw("],\n\"pictures\": [")
        for (row, number) in numbers.enumerated() {
            let picture = pictures[number]
            guard let model = modelNumbers[picture.model] else { continue }
            json.raw(row == 0 ? "\n" : ",\n")
            let place = places[model]?.places[picture.channel]
            json.write(picture, model: model, difference: differences[number], place: place)
        }
        json.raw("],\n\"exemplars\": [")
        for (row, exemplar) in exemplars.enumerated() {
            guard let model = modelNumbers[exemplar.model] else { continue }
            json.raw(row == 0 ? "\n" : ",\n")
            json.write(exemplar, model: model)
        }
        json.raw("]\n});\n")
        return json.drain()
    }
}

extension JSONBytes {
    fileprivate mutating func write(_ sheet: PlacedSheet, model: Int) {
        let geometry = sheet.geometry
        raw("[")
        text(sheet.file)
        let numbers = [
            model, geometry.width, geometry.height, geometry.tile, geometry.columns, geometry.originX, geometry.originY,
            geometry.pitchX, geometry.pitchY,
        ]
        for number in numbers {
            raw(",")
            integer(number)
        }
        raw("]")
    }

    fileprivate mutating func write(_ picture: AtlasPicture, model: Int, difference: Double?, place: Int?) {
        raw("[")
        for number in [model, picture.channel, picture.variant, picture.threshold, picture.steps, picture.seed, place] {
            integer(number)
            raw(",")
        }
        text(orNull: picture.file)
        raw(",")
        rounded(picture.objective ?? .nan, digits: 7)
        raw(",")
        rounded(difference ?? .nan, digits: 4)
        raw(",[")
        for (step, value) in reduced(picture.trace, to: 32).enumerated() {
            if step > 0 { raw(",") }
            rounded(Double(value), digits: 4)
        }
        raw("]")
        if let error = picture.error {
            raw(",")
            text(error)
        }
        raw("]")
    }

    fileprivate mutating func write(_ exemplar: Exemplar, model: Int) {
        raw("[")
        for number in [model, exemplar.channel, exemplar.rank] {
            integer(number)
            raw(",")
        }
        text(exemplar.image)
        raw(",")
        rounded(exemplar.value, digits: 5)
        raw(",")
        text(exemplar.file)
        raw("]")
    }
}

/// Values at even distances, the first and the last among them.
func reduced(_ trace: ArraySlice<Float>, to count: Int) -> [Float] {
    guard trace.count > count, count > 1 else { return Array(trace) }
    let first = trace.startIndex
    return (0..<count).map { trace[first + ($0 * (trace.count - 1) + (count - 1) / 2) / (count - 1)] }
}
