// SPDX-License-Identifier: MIT

/// The beginning of a `.npy` file, which says what follows.
struct NumPyHeader {
    /// More bytes than the header of any array of plain numbers has.
    static let mostBytes = 66_000
    /// What a header tells.
    private static let keys = ["descr", "fortran_order", "shape"]
    /// What every such file begins with.
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// The array's sizes, outermost first.
    let shape: [Int]
    /// How the file stores its numbers.
    let elementType: ElementType
    /// Where the numbers begin.
    let dataOffset: Int

    /// Reads the header of a file of version 1, 2 or 3, in C order, of which at least the beginning is given.
    init(parsing file: [UInt8]) throws(TensorFileError) {
        guard file.starts(with: Self.magic) else {
            throw Self.refused("\(kind(of: file)), and does not begin as a .npy file")
        }
        var cursor = ByteCursor(file, from: Self.magic.count, format: "NumPy")
        let version = try cursor.byte()
        _ = try cursor.byte()
        guard (1...3).contains(version) else {
            throw Self.refused("it is of version \(version), which is not known here; write it anew with numpy.save")
        }
        let text = try cursor.read(try cursor.size(bytes: version == 1 ? 2 : 4))
        // The first versions are of Latin-1, the third of UTF-8.
        let header =
            version < 3
            ? String(String.UnicodeScalarView(text.map { Unicode.Scalar($0) }))
            : String(decoding: text, as: UTF8.self)
        guard case .dictionary(let members)? = PythonLiteral(parsing: header) else {
            throw Self.malformed("its header is no dictionary of Python")
        }
        if let other = members.keys.filter({ !Self.keys.contains($0) }).min() {
            throw Self.malformed(
                "its header has \"\(other.prefix(40))\" besides \(Self.keys.joined(separator: ", ")), so that NumPy does not "
                    + "read it either; write it anew with numpy.save"
            )
        }
        elementType = try Self.elementType(members["descr"])
        shape = try Self.shape(members["shape"])
        guard case .bool(let isFortran)? = members["fortran_order"] else {
            throw Self.malformed("its header does not tell the order, \"fortran_order\"")
        }
        // With one axis there is one order only.
        guard !isFortran || shape.count(where: { $0 > 1 }) <= 1 else {
            throw Self.refused("it is in Fortran order; write numpy.save(file, numpy.ascontiguousarray(a))")
        }
        dataOffset = file.count - cursor.remaining
    }

    /// How many bytes of a file of a size follow after all that the header names.
    ///
    /// - Throws: `TensorFileError` where it holds less.
    func trailingBytes(fileBytes: Int) throws(TensorFileError) -> Int {
        let data = fileBytes - dataOffset
        guard let count = elementCount(shape, limit: data / elementType.byteCount) else {
            throw Self.malformed("\(data) bytes do not hold an array of \(shape); it was not written to its end")
        }
        return data - count * elementType.byteCount
    }

    private static func malformed(_ reason: String) -> TensorFileError { .malformed(format: "NumPy", reason: reason) }

    private static func refused(_ reason: String) -> TensorFileError { .refused(format: "NumPy", reason: reason) }

    /// NumPy's codes of types, before which the order of bytes may stand.
    private static let codes: [String: ElementType] = [
        "f2": .float16, "e": .float16, "f4": .float32, "f": .float32, "f8": .float64, "d": .float64,
        "b1": .bool, "?": .bool, "u1": .uint8, "B": .uint8, "i1": .int8, "b": .int8, "i2": .int16, "h": .int16,
        "i4": .int32, "i": .int32, "i8": .int64, "l": .int64, "q": .int64, "p": .int64, "n": .int64,
    ]

    /// NumPy's names of the same types, which stand alone; those of C have the sizes of 64-bit Linux.
    private static let names: [String: ElementType] = [
        "float16": .float16, "half": .float16, "float32": .float32, "single": .float32,
        "float64": .float64, "double": .float64, "float": .float64, "bool": .bool, "bool_": .bool,
        "uint8": .uint8, "ubyte": .uint8, "int8": .int8, "byte": .int8, "int16": .int16, "short": .int16,
        "int32": .int32, "intc": .int32, "int64": .int64, "int": .int64, "int_": .int64, "intp": .int64,
        "long": .int64, "longlong": .int64,
    ]

    /// The type that a text names: the order of bytes, a letter, and the bytes of a number.
    private static func elementType(_ descr: PythonLiteral?) throws(TensorFileError) -> ElementType {
        switch descr {
        case .string(let name)?:
            let isOrdered = name.unicodeScalars.first.map { ["<", ">", "=", "|"].contains($0) } == true
            guard let type = isOrdered ? codes[String(name.dropFirst())] : codes[name] ?? names[name] else {
                let what =
                    name.hasSuffix("O")
                    ? "it holds objects of Python" : "its numbers are of the type \"\(name.prefix(40))\""
                throw refused("\(what); write numpy.save(file, a.astype(\"float32\"))")
            }
            guard !name.hasPrefix(">") || type.byteCount == 1 else {
                throw refused("its numbers are big-endian (\"\(name)\"); write numpy.save(file, a.astype(\"float32\"))")
            }
            return type
        case .sequence?: throw refused("its numbers have a structure of several fields; write one field: a[\"NAME\"]")
        default: throw malformed("its header does not tell the type, \"descr\"")
        }
    }

    private static func shape(_ value: PythonLiteral?) throws(TensorFileError) -> [Int] {
        guard case .sequence(let parts)? = value, parts.count <= 32 else {
            throw malformed("its header has no tuple of sizes, \"shape\"")
        }
        var shape: [Int] = []
        for part in parts {
            guard case .integer(let size) = part, size >= 0 else { throw malformed("its shape is no tuple of sizes") }
            shape.append(size)
        }
        return shape
    }
}
