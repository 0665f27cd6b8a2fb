// SPDX-License-Identifier: MIT

import Testing

@testable import TensorStorage

@Suite("NumPy files", .timeLimit(.minutes(120)))
struct NumPyFileTests {
    @Test("What is written is read again", arguments: [[], [0], [5], [2, 3], [2, 1, 4, 3]])
    func roundTrips(shape: [Int]) throws {
        let values = activations(shape.reduce(1, *))
        let single = NumPyFile.encode(values.span, shape: shape)
        let file = try NumPyFile(parsing: single)
        #expect(file.shape == shape && file.elementType == .float32 && file.floats == values)
        let doubles = values.map { Double($0) / 3 }
        let double = try NumPyFile(parsing: NumPyFile.encode(doubles.span, shape: shape))
        #expect(double.shape == shape && double.elementType == .float64 && double.doubles == doubles)
        #expect((single.count - values.count * 4).isMultiple(of: 64))
    }

    @Test(
        "Other types are converted",
        arguments: [
            ("<f2", [0x00, 0x3C, 0x00, 0xC0] as [UInt8], [1, -2] as [Float]),
            ("|u1", [0, 200], [0, 200]),
            ("|i1", [1, 0xFE], [1, -2]),
            ("|b1", [0, 1], [0, 1]),
            ("<i2", [1, 2, 0xFE, 0xFF], [513, -2]),
            ("<i4", [1, 2, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF], [513, -2]),
            ("<i8", [1, 0, 0, 0, 0, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [1, -2]),
        ]
    )
    func converts(type: String, data: [UInt8], expected: [Float]) throws {
        for version: UInt8 in 1...3 {
            let file = try NumPyFile(parsing: self.file(type, "(2,)", data, version: version))
            #expect(file.floats == expected && file.doubles == expected.map(Double.init))
        }
    }

    @Test(
        "A header that cannot be right is refused",
        arguments: [
            (">f4", "(2,)"), (">f", "(2,)"), ("<float32", "(2,)"), ("<c8", "(1,)"), ("|O", "(1,)"),
            ("bfloat16", "(1,)"),
            ("float_", "(1,)"), ("<u4", "(1,)"), ("<f4", "(3,)"), ("<f4", "(-2,)"),
            ("<f4", "2"),
            ("<f4", "(4611686018427387904, 4)"), ("<f4", "(99999999999999999999,)"), ("<f4", "(a,)"),
        ]
    )
    func refusesBadHeaders(type: String, shape: String) {
        #expect(throws: TensorFileError.self) {
            try NumPyFile(parsing: file(type, shape, [UInt8](repeating: 0, count: 8), version: 1))
        }
    }

    @Test(
        "Types have all of NumPy's codes and names",
        arguments: [
            (.float16, ["f2", "<f2", "e", "<e", "float16", "half"]),
            (.float32, ["f4", "|f4", "f", "<f", "=f", "float32", "single"]),
            (.float64, ["f8", "d", "<d", "float64", "double", "float"]),
            (.bool, ["b1", "?", "<?", "bool", "bool_"]), (.uint8, ["u1", ">u1", "B", "uint8", "ubyte"]),
            (.int8, ["i1", "b", ">b", "int8", "byte"]), (.int16, ["i2", "h", "int16", "short"]),
            (.int32, ["i4", "i", "<i", "int32", "intc"]),
            (.int64, ["i8", "l", "q", "p", "n", "int64", "int", "int_", "intp", "long", "longlong"]),
        ] as [(ElementType, [String])]
    )
    func knowsTypes(type: ElementType, names: [String]) throws {
        let data = [UInt8](repeating: 0, count: 2 * type.byteCount)
        for name in names {
            #expect(try NumPyFile(parsing: file(name, "(2,)", data, version: 1)).elementType == type, "\(name)")
        }
    }

    @Test(
        "What NumPy reads is read, however its header is written",
        arguments: [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 2L), }",
            "{'descr':'<f4','fortran_order':False,'shape':(1,2)}",
            #"{"descr": "<f4", "fortran_order": False, "shape": (1, 2)}"#,
            "{'descr': '|f4', 'fortran_order': False, 'shape': (1, 2), }",
            "{'shape': (1, 2), 'descr': 'f4', 'fortran_order': False}",
            "{'descr': '=f4', 'fortran_order': True, 'shape': (1, 2), }",
            "{u'descr': u'<f4', u'fortran_order': False, u'shape': [1, 2]}  \n",
        ]
    )
    func readsHeaders(header: String) throws {
        for version: UInt8 in 1...3 {
            let file = try NumPyFile(parsing: self.file(header, [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0], version: version))
            #expect(file.shape == [1, 2] && file.floats == [1, -2])
        }
    }

    @Test("What NumPy wrote long ago or others wrote is read", arguments: ["long-sizes", "no-space", "double-quotes"])
    func readsFieldFiles(name: String) throws {
        let file = try NumPyFile(parsing: resource("field/\(name).npy"))
        #expect(file.shape == [12, 20] && file.floats == (0..<240).map { Float($0) })
    }

    @Test("What follows after the array is passed over, as NumPy does")
    func passesOverTrailingBytes() throws {
        let values = activations(6)
        let file = try NumPyFile(parsing: NumPyFile.encode(values.span, shape: [2, 3]) + [1, 2, 3, 4, 5])
        #expect(file.floats == values)
    }

    @Test(
        "A refusal says what is so, and what to do",
        arguments: [
            ("{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}", "big-endian", "astype"),
            ("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", "objects of Python", "astype"),
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}", "in Fortran order", "ascontiguousarray"),
            ("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,)}", "several fields", "a[\"NAME\"]"),
            ("{'descr': '<f4', 'shape': (2,)}", "fortran_order", "header"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'a': 1}", "\"a\" besides descr", "numpy.save"),
        ]
    )
    func refusesTruly(header: String, what: String, remedy: String) throws {
        let bytes = file(header, [UInt8](repeating: 0, count: 16), version: 1)
        let error = try #require(throws: TensorFileError.self) { try NumPyFile(parsing: bytes) }
        #expect(error.description.contains(what) && error.description.contains(remedy), "\(error)")
    }

    @Test("Headers of nested brackets are refused", arguments: ["(", "{'a':", "["])
    func refusesNesting(bracket: String) {
        #expect(PythonLiteral(parsing: String(repeating: bracket, count: 30_000)) == nil)
    }

    @Test("A truncated file is refused, wherever it ends")
    func refusesTruncation() {
        let bytes = NumPyFile.encode(activations(6).span, shape: [2, 3])
        for cut in bytes.indices {
            #expect(throws: TensorFileError.self) { try NumPyFile(parsing: Array(bytes.prefix(cut))) }
        }
    }

    private func file(_ type: String, _ shape: String, _ data: [UInt8], version: UInt8) -> [UInt8] {
        file("{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }\n", data, version: version)
    }

    private func file(_ text: String, _ data: [UInt8], version: UInt8) -> [UInt8] {
        let header = Array(text.utf8)
        let length: [UInt8] = [UInt8(header.count), 0] + (version == 1 ? [] : [0, 0])
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + header + data
    }
}
