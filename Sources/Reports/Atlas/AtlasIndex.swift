// SPDX-License-Identifier: MIT

extension Atlas {
    /// The index of all pictures with their traces, `index.json`, in parts of about a megabyte.
    ///
    /// An atlas of 20,000 pictures of 512 steps has an index of a hundred megabytes, which need not be in memory.
    ///
    /// - Parameter body: takes the parts in order.
    /// - Throws: what the body throws.
    public func withIndex<Failure: Error>(_ body: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
        var json = JSONBytes()
        writeHead(to: &json)
        json.raw(",\n\"pictures\": [")
        for (number, picture) in pictures.enumerated() {
            try writeLine(number, to: &json, body) { write(picture, difference: differences[number], to: &$0) }
        }
        json.raw("\n],\n\"exemplars\": [")
        for (number, exemplar) in exemplars.enumerated() {
            try writeLine(number, to: &json, body) { write(exemplar, to: &$0) }
        }
        json.raw("\n]\n}\n")
        try body(json.drain())
    }

    /// Writes an entry of a list on a line of its own; hands on what has been written where it has become a part.
    private func writeLine<Failure: Error>(
        _ number: Int,
        to json: inout JSONBytes,
        _ body: ([UInt8]) throws(Failure) -> Void,
        entry: (inout JSONBytes) -> Void
    ) throws(Failure) {
        json.raw(number == 0 ? "\n  {" : ",\n  {")
        entry(&json)
        json.raw("}")
        if json.bytes.count >= 1 << 20 { try body(json.drain()) }
    }

    /// Writes the members that every entry begins with.
    private func writeName(layer: String, channel: Int?, model: String, to json: inout JSONBytes) {
        json.raw("\"neuron\": ")
        json.text(neuronName(layer: layer, channel: channel))
        json.raw(", \"model\": ")
        json.text(model)
    }

    /// The whole of `index.json`.
    public var index: [UInt8] {
        var all: [UInt8] = []
        withIndex { all += $0 }
        return all
    }

    private func writeHead(to json: inout JSONBytes) {
        json.raw("{\n\"campaign\": ")
        json.text(campaign)
        json.raw(",\n\"parameters\": {")
        for (number, parameter) in parameters.enumerated() {
            if number > 0 { json.raw(", ") }
            json.text(parameter.name)
            json.raw(": ")
            write(parameter.value, to: &json)
        }
        json.raw("},\n\"expected\": ")
        json.integer(expected)
        guard let ending else { return }
        json.raw(",\n\"ended\": ")
        json.text(ending.rawValue)
    }

    private func write(_ value: Parameter.Value, to json: inout JSONBytes) {
        switch value {
        case .text(let text): json.text(text)
        case .number(let number): json.integer(number)
        case .numbers(let numbers):
            json.raw("[")
            for (place, number) in numbers.enumerated() {
                if place > 0 { json.raw(", ") }
                json.integer(number)
            }
            json.raw("]")
        case .truth(true): json.raw("true")
        case .truth(false): json.raw("false")
        }
    }

    private func write(_ picture: AtlasPicture, difference: Double?, to json: inout JSONBytes) {
        writeName(layer: picture.layer, channel: picture.channel, model: picture.model, to: &json)
        json.raw(", \"file\": ")
        json.text(orNull: picture.file)
        if let variant = picture.variant {
            json.raw(", \"variant\": ")
            json.integer(variant)
        }
        json.raw(", \"seed\": ")
        json.integer(picture.seed)
        json.raw(", \"threshold\": ")
        json.integer(picture.threshold)
        json.raw(", \"steps\": ")
        json.integer(picture.steps)
        json.raw(", \"objective\": ")
        json.exact(picture.objective)
        json.raw(", \"difference\": ")
        json.exact(difference)
        json.raw(", \"trace\": [")
        for (step, value) in picture.trace.enumerated() {
            if step > 0 { json.raw(", ") }
            json.rounded(Double(value), digits: 7)
        }
        json.raw("]")
        if let error = picture.error {
            json.raw(", \"error\": ")
            json.text(error)
        }
    }

    private func write(_ exemplar: Exemplar, to json: inout JSONBytes) {
        writeName(layer: exemplar.layer, channel: exemplar.channel, model: exemplar.model, to: &json)
        json.raw(", \"rank\": ")
        json.integer(exemplar.rank)
        json.raw(", \"image\": ")
        json.text(exemplar.image)
        json.raw(", \"row\": ")
        json.integer(exemplar.row)
        json.raw(", \"value\": ")
        json.exact(exemplar.value)
        json.raw(", \"file\": ")
        json.text(exemplar.file)
    }
}
