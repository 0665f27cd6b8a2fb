// SPDX-License-Identifier: MIT

/// The beginning of a `.npy` file, which says what follows.
struct NumPyHeader {
    /// More bytes than the header of any array of plain numbers has.
    static let mostBytes = 66_000

    /// The array's sizes, outermost first.
    let shape: [Int]
    /// How the file stores its numbers.
    let elementType: ElementType
    /// Where the numbers begin.
    let dataOffset: Int

    /// Reads the header of a file of version 1, 2 or 3, in C order, of which at least the beginning is given.
    init(parsing file: [UInt8]) throws(TensorFileError) {
        var cursor = ByteCursor(file, format: "NumPy")
        guard try cursor.take(6).elementsEqual([0x93] + Array("NUMPY".utf8)) else {
            throw Self.malformed("it does not begin as one")
        }
        let version = try cursor.byte()
        _ = try cursor.byte()
        guard (1...3).contains(version) else { throw .refused(format: "NumPy", reason: "its version is \(version)") }
        let header = try cursor.text(try cursor.size(bytes: version == 1 ? 2 : 4))
        let types: [String: ElementType] = [
            "<f2": .float16, "<f4": .float32, "<f8": .float64, "|b1": .bool, "|u1": .uint8,
            "|i1": .int8, "<i2": .int16, "<i4": .int32, "<i8": .int64,
        ]
        let name = try Self.quoted("descr", in: header)
        guard let type = types[name] else {
            let reason = "its numbers are of the type \"\(name.prefix(40))\"; write a.astype(\"float32\")"
            throw .refused(format: "NumPy", reason: reason)
        }
        guard header.contains("'fortran_order': False") else {
            throw .refused(format: "NumPy", reason: "it is in Fortran order; write numpy.ascontiguousarray(a)")
        }
        shape = try Self.shape(in: header)
        elementType = type
        dataOffset = file.count - cursor.remaining
    }

    /// Makes sure that a file of a size holds what the header says, and nothing else.
    func check(fileBytes: Int) throws(TensorFileError) {
        let data = fileBytes - dataOffset
        guard let count = elementCount(shape, limit: data / elementType.byteCount),
            count * elementType.byteCount == data
        else { throw Self.malformed("\(data) bytes do not hold an array of \(shape)") }
    }

    private static func malformed(_ reason: String) -> TensorFileError {
        .malformed(format: "NumPy", reason: reason)
    }

    private static func value(_ key: String, in header: String) throws(TensorFileError) -> Substring {
        guard let start = header.firstRange(of: "'\(key)':") else { throw malformed("its header has no \"\(key)\"") }
        return header[start.upperBound...].drop { $0 == " " }
    }

    private static func quoted(_ key: String, in header: String) throws(TensorFileError) -> String {
        let value = try value(key, in: header)
        guard value.first == "'", let end = value.dropFirst().firstIndex(of: "'") else {
            throw .refused(format: "NumPy", reason: "its numbers have a structure")
        }
        return String(value[value.index(after: value.startIndex)..<end])
    }

    private static func shape(in header: String) throws(TensorFileError) -> [Int] {
        let value = try value("shape", in: header)
        guard value.first == "(", let end = value.firstIndex(of: ")") else { throw malformed("its shape is no tuple") }
        var shape: [Int] = []
        for part in value[..<end].dropFirst().split(separator: ",") {
            guard let size = Int(part.filter { $0 != " " }), size >= 0, shape.count < 32 else {
                throw malformed("its shape is no tuple of sizes")
            }
            shape.append(size)
        }
        return shape
    }
}
