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
        guard let type = root["data_type"]?.string.flatMap(ElementType.init(rawValue:)) else {
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
            fillValue: Self.fillValue(root)
        )
    }

    /// The number that chunks which are not stored stand for, where it is a finite one.
    private static func fillValue(_ root: [String: JSONValue]) -> Float? {
        switch root["fill_value"] {
        case .bool(let value): value ? 1 : 0
        case .integer(let number): Float(number)
        case .number(let number) where Float(number).isFinite: Float(number)
        default: nil
        }
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

    fileprivate var configuration: [String: JSONValue] { object?["configuration"]?.object ?? [:] }
}
