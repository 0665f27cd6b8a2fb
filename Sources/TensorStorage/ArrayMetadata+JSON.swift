// SPDX-License-Identifier: MIT

extension ArrayMetadata {
    /// The content of the array's `zarr.json`; equal metadata give equal bytes.
    public var encoded: [UInt8] {
        let grid: JSONValue = .configured("regular", ["chunk_shape": .sizes(shardShape ?? chunkShape)])
        var lines = [
            ("zarr_format", .integer(3)),
            ("node_type", .string("array")),
            ("shape", .sizes(shape)),
            ("data_type", .string(elementType.rawValue)),
            ("chunk_grid", grid),
            ("chunk_key_encoding", .configured("default", ["separator": .string(separator)])),
            ("fill_value", .string("NaN")),
            ("codecs", .array(shardShape == nil ? chunkCodecs : [shardingCodec])),
            ("attributes", .object(attributes)),
        ]
        if !dimensionNames.isEmpty { lines.append(("dimension_names", .array(dimensionNames.map(JSONValue.string)))) }
        lines.append(("storage_transformers", .array([])))
        let members = lines.map { "  \"\($0.0)\": \($0.1.text)" }.joined(separator: ",\n")
        return Array("{\n\(members)\n}\n".utf8)
    }

    private var chunkCodecs: [JSONValue] {
        var codecs: [JSONValue] = [.configured("bytes", ["endian": .string("little")])]
        if codec == .none { return codecs }
        if codec == .shuffleZstd {
            codecs.append(.configured("numcodecs.shuffle", ["elementsize": .integer(elementType.byteCount)]))
        }
        codecs.append(.configured("zstd", ["level": .integer(level), "checksum": .bool(true)]))
        return codecs
    }

    private var shardingCodec: JSONValue {
        .configured(
            "sharding_indexed",
            [
                "chunk_shape": .sizes(chunkShape),
                "codecs": .array(chunkCodecs),
                "index_codecs": .array([
                    .configured("bytes", ["endian": .string("little")]), .object(["name": .string("crc32c")]),
                ]),
                "index_location": .string(indexAtEnd ? "end" : "start"),
            ]
        )
    }

    /// Reads a `zarr.json`, and refuses by name what is not read here.
    public init(parsing text: [UInt8]) throws(TensorFileError) {
        guard let root = JSONValue(parsing: text)?.object else { throw malformed("zarr.json is no JSON object") }
        guard root["zarr_format"]?.integer == 3 else { throw refused("it is not of version 3") }
        guard root["node_type"]?.string == "array" else {
            throw refused("it is a group; name the path of an array in it")
        }
        guard let shape = root["shape"]?.integers else { throw malformed("it has no shape") }
        try Self.checkMembers(root)
        guard let type = root["data_type"].flatMap({ ElementType(rawValue: $0.codecName) }) else {
            let name = root["data_type"]?.text.prefix(80) ?? "null"
            throw refused("its numbers are of the type \(name); write it anew as float32")
        }
        let outerShape = try Self.outerShape(root)
        guard let codecs = root["codecs"]?.array else { throw malformed("it has no codecs") }
        let sharding = codecs.first.flatMap { $0.codecName == "sharding_indexed" ? $0.configuration : nil }
        if sharding != nil, codecs.count != 1 { throw refused("codecs follow the sharding") }
        if let sharding { try Self.checkIndexCodecs(sharding) }
        let chunkShape = sharding == nil ? outerShape : sharding?["chunk_shape"]?.integers
        guard let chunkShape else { throw malformed("its chunks have no shape") }
        let chain = try Self.chain(sharding?["codecs"]?.array ?? codecs, type)
        let names = root["dimension_names"]?.array?.compactMap(\.string) ?? []
        try self.init(
            shape: shape,
            shardShape: sharding == nil ? nil : outerShape,
            chunkShape: chunkShape,
            elementType: type,
            codec: chain.codec,
            level: chain.level,
            attributes: root["attributes"]?.object ?? [:],
            dimensionNames: names.count == shape.count ? names : [],
            indexAtEnd: sharding?["index_location"]?.string != "start",
            separator: try Self.separator(root),
            fillValue: Self.fillValue(root["fill_value"], type)
        )
    }

    private static let knownMembers: Set = [
        "zarr_format", "node_type", "shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs",
        "attributes", "dimension_names", "storage_transformers",
    ]

    /// Refuses by name what an array may say that changes its meaning; what may be ignored says so itself.
    private static func checkMembers(_ root: [String: JSONValue]) throws(TensorFileError) {
        guard let transformers = (root["storage_transformers"] ?? .array([])).array else {
            throw refused("its \"storage_transformers\" are no list; write it anew without")
        }
        if let needed = transformers.first(where: \.mustBeUnderstood) {
            throw refused("it has the storage transformer \"\(needed.codecName.prefix(60))\"; write it anew without")
        }
        let unknown = root.filter { !knownMembers.contains($0.key) && $0.value.mustBeUnderstood }.keys.sorted()
        if let name = unknown.first {
            throw refused(
                "its zarr.json has the member \"\(name.prefix(60))\", which is not understood here; write it anew without"
            )
        }
    }

    /// The number that chunks which are not stored stand for; nil where it is none that can be compared.
    private static func fillValue(_ value: JSONValue?, _ type: ElementType) throws(TensorFileError) -> Float? {
        let number: Float? =
            switch value {
            case nil, .null?: nil
            case .bool(let value)?: value ? 1 : 0
            case .integer(let number)?: Float(number)
            case .number(let number)?: Float(number)
            case .string(let text)?: try fillValue(text, type)
            default: throw unknownFill(value)
            }
        return number.flatMap { $0.isFinite ? $0 : nil }
    }

    /// A number that JSON cannot write: by a word, or by the bits of its type, the highest first.
    private static func fillValue(_ text: String, _ type: ElementType) throws(TensorFileError) -> Float {
        let words: [String: Float] = ["NaN": .nan, "Infinity": .infinity, "-Infinity": -.infinity]
        if let number = words[text], type.isFloat { return number }
        guard text.hasPrefix("0x"), type.isFloat, text.utf8.count == 2 + 2 * type.byteCount,
            !text.contains("+"), let bits = UInt64(text.dropFirst(2), radix: 16)
        else { throw unknownFill(.string(text)) }
        let bytes = (0..<type.byteCount).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        return type.floats(bytes)[0]
    }

    private static func unknownFill(_ value: JSONValue?) -> TensorFileError {
        refused("its fill_value is \(value?.text.prefix(60) ?? "missing"), which is no number of its type")
    }

    private static func outerShape(_ root: [String: JSONValue]) throws(TensorFileError) -> [Int] {
        guard let grid = root["chunk_grid"], grid.codecName == "regular",
            let shape = grid.configuration["chunk_shape"]?.integers
        else { throw refused("its chunk grid is not regular") }
        return shape
    }

    private static func separator(_ root: [String: JSONValue]) throws(TensorFileError) -> String {
        guard let encoding = root["chunk_key_encoding"], encoding.codecName == "default" else {
            throw refused("its chunk keys are not encoded by default")
        }
        let separator = encoding.configuration["separator"]?.string ?? "/"
        guard ["/", "."].contains(separator) else {
            throw malformed("its chunk keys are separated by \"\(separator)\"")
        }
        return separator
    }

    private static func checkIndexCodecs(_ sharding: [String: JSONValue]) throws(TensorFileError) {
        let names = sharding["index_codecs"]?.array?.map(\.codecName)
        guard names == ["bytes", "crc32c"], isLittleEndian(sharding["index_codecs"]?.array?.first) else {
            throw refused("its shard index is not little-endian bytes with crc32c")
        }
    }

    private static func isLittleEndian(_ codec: JSONValue?) -> Bool {
        codec?.codecName == "bytes" && codec?.configuration["endian"]?.string == "little"
    }

    private static func chain(
        _ codecs: [JSONValue],
        _ type: ElementType
    ) throws(TensorFileError) -> (codec: ChunkCompression, level: Int) {
        // One byte has no order.
        guard codecs.first?.codecName == "bytes", isLittleEndian(codecs.first) || type.byteCount == 1 else {
            let isBig = codecs.first?.configuration["endian"]?.string == "big"
            throw isBig ? refused("its numbers are big-endian; write it anew as little-endian") : unknown(codecs)
        }
        if codecs.count == 1 { return (.none, 0) }
        guard let last = codecs.last, last.codecName == "zstd" else { throw unknown(codecs) }
        let level = last.configuration["level"]?.integer ?? 0
        if codecs.count == 2 { return (.zstd, level) }
        guard codecs.count == 3, codecs[1].codecName == "numcodecs.shuffle",
            codecs[1].configuration["elementsize"]?.integer == type.byteCount
        else { throw unknown(codecs) }
        return (.shuffleZstd, level)
    }
}

private func unknown(_ codecs: [JSONValue]) -> TensorFileError {
    let names = codecs.map(\.codecName).joined(separator: ", ")
    return refused("its codecs are \(names); bytes, with shuffle and zstd or not, are read: write it anew with zstd")
}

private func malformed(_ reason: String) -> TensorFileError { .malformed(format: "Zarr", reason: reason) }
private func refused(_ reason: String) -> TensorFileError { .refused(format: "Zarr", reason: reason) }

extension JSONValue {
    fileprivate static func configured(_ name: String, _ configuration: [String: JSONValue]) -> JSONValue {
        .object(["name": .string(name), "configuration": .object(configuration)])
    }

    fileprivate static func sizes(_ sizes: [Int]) -> JSONValue { .array(sizes.map(JSONValue.integer)) }

    /// A codec's name, which may stand alone.
    fileprivate var codecName: String { string ?? object?["name"]?.string ?? "" }

    /// Whether who does not know it may not pass over it.
    fileprivate var mustBeUnderstood: Bool { object?["must_understand"] != .bool(false) }

    fileprivate var configuration: [String: JSONValue] { object?["configuration"]?.object ?? [:] }
}
