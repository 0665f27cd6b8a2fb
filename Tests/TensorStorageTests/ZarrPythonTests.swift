// SPDX-License-Identifier: MIT

import Subprocess
import SystemPackage
import SystemSupport
import TensorStorage
import TestSupport
import Testing

/// The reference implementation of the format, run to read what we write and to write what we read.
@Suite("Agreement with zarr-python", .timeLimit(.minutes(120)))
struct ZarrPythonTests {
    @Test("zarr-python reads what is written here", arguments: [ElementType.float32, .float16])
    func isReadByPython(type: ElementType) async throws {
        try await withTemporaryDirectory { directory in
            for (number, layout) in Layout.all.enumerated() {
                try writeArray(layout.values.span, layout.metadata(type: type), to: directory.appending("\(number)"))
            }
            let script = """
                import sys, warnings, numpy, zarr
                warnings.simplefilter("ignore")
                for path in sys.argv[1:]:
                    array = zarr.open(path, mode="r")
                    assert array.attrs["layer"] == "mixed4a_3x3", dict(array.attrs)
                    numpy.save(path + ".npy", array[:])
                """
            try await runPython(script, Layout.all.indices.map { directory.appending("\($0)").string })
            for (number, layout) in Layout.all.enumerated() {
                let copy = directory.appending("\(number).npy")
                let read = try NumPyFile(parsing: LocalFileSystem().contents(of: copy, limit: 1 << 20))
                #expect(read.shape == layout.shape && read.elementType == type)
                let expected = type == .float16 ? layout.values.map { Float(Float16($0)) } : layout.values
                #expect(read.floats == expected, "\(layout.testDescription)")
            }
        }
    }

    @Test("What zarr-python writes is read here", arguments: ["end /", "start ."])
    func readsPythonsArrays(style: String) async throws {
        try await withTemporaryDirectory { directory in
            var arguments: [String] = []
            for (number, layout) in Layout.all.enumerated() {
                let path = directory.appending("\(number)")
                let values = NumPyFile.encode(layout.values.span, shape: layout.shape)
                try LocalFileSystem().create(FilePath(path.string + ".npy"), contents: values, durably: false)
                let shard = layout.shard.map { "\($0)" } ?? "None"
                arguments += [path.string, shard, "\(layout.chunk)", layout.codec.rawValue, style]
            }
            try await runPython(Self.writingScript, arguments)
            for (number, layout) in Layout.all.enumerated() {
                let reader = try ZarrReader(directory: directory.appending("\(number)"))
                #expect(reader.metadata.attributes == ["made by": .string("python")])
                #expect(reader.metadata.codec == layout.codec && reader.metadata.shardShape == layout.shard)
                #expect(try reader.readAll() == layout.values, "\(layout.testDescription)")
            }
        }
    }

    private static let writingScript = """
        import ast, sys, warnings, numpy, zarr
        from zarr.codecs import BytesCodec, Crc32cCodec, ShardingCodec, ZstdCodec
        from zarr.codecs.numcodecs import Shuffle
        warnings.simplefilter("ignore")
        for case in range(1, len(sys.argv), 5):
            target, shard, chunk, codec, style = sys.argv[case:case + 5]
            values = numpy.load(target + ".npy")
            chunk, shard = ast.literal_eval(chunk), ast.literal_eval(shard)
            codecs = [BytesCodec()] if codec == "none" else [BytesCodec(), ZstdCodec(level=3, checksum=True)]
            if codec == "shuffleZstd":
                codecs.insert(1, Shuffle(elementsize=4))
            location, separator = style.split()
            if shard:
                index = [BytesCodec(), Crc32cCodec()]
                codecs = [ShardingCodec(chunk_shape=chunk, codecs=codecs, index_codecs=index, index_location=location)]
            array = zarr.create(
                store=target, shape=values.shape, chunks=shard or chunk, dtype="float32", zarr_format=3,
                codecs=codecs, fill_value=float("nan"), attributes={"made by": "python"},
                chunk_key_encoding={"name": "default", "separator": separator}, config={"write_empty_chunks": True},
            )
            array[:] = values
        """

    @Test("Whole numbers of any size are read in single precision, with codecs or without")
    func readsIntegers() async throws {
        let types = ["bool", "int8", "uint8", "int16", "int32", "int64", "float64"]
        let script = """
            import sys, warnings, numpy, zarr
            warnings.simplefilter("ignore")
            for number, type in enumerate(sys.argv[2:]):
                values = (numpy.arange(24).reshape(6, 4) % 2 if type == "bool" else numpy.arange(24).reshape(6, 4)).astype(type)
                options = {} if number % 2 else {"compressors": None}
                array = zarr.create_array(
                    store=f"{sys.argv[1]}/{type}", shape=(6, 4), chunks=(4, 3), dtype=type, fill_value=1, **options)
                array[:] = values
            zarr.create_group(store=f"{sys.argv[1]}/group")
            """
        try await withTemporaryDirectory { directory in
            try await runPython(script, [directory.string] + types)
            for type in types {
                let source = try RowSource(.path(directory.appending(type)))
                let expected = (4..<20).map { Float(type == "bool" ? $0 % 2 : $0) }
                #expect(try source.read([1, 2, 3, 4], threads: 2, memory: 1 << 30) == expected, "\(type)")
            }
            let error = #expect(throws: (any Error).self) { try RowSource(.path(directory.appending("group"))) }
            #expect("\(String(describing: error))".contains("it is a group"))
        }
    }

    private func runPython(_ script: String, _ arguments: [String]) async throws {
        let result = try await Subprocess.run(
            .path(python()),
            arguments: Arguments(["-c", script] + arguments),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
    }
}
