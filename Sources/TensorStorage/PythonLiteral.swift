// SPDX-License-Identifier: MIT

/// A value as Python writes it in a program: what the headers of NumPy's files are made of.
enum PythonLiteral: Equatable {
    case string(String)
    case integer(Int)
    case bool(Bool)
    case none
    /// A tuple or a list.
    case sequence([PythonLiteral])
    case dictionary([String: PythonLiteral])

    /// Reads a value; nil where it is none of those, or too deep.
    init?(parsing text: String) {
        var parser = Parser(rest: Array(text.unicodeScalars)[...])
        guard let value = parser.value(depth: 0) else { return nil }
        parser.skipBlanks()
        guard parser.rest.isEmpty else { return nil }
        self = value
    }

    private struct Parser {
        var rest: ArraySlice<Unicode.Scalar>
        private static let depthLimit = 16

        init(rest: ArraySlice<Unicode.Scalar>) { self.rest = rest }

        mutating func skipBlanks() { rest = rest.drop { $0.properties.isWhitespace } }

        private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
            skipBlanks()
            guard rest.first == scalar else { return false }
            rest.removeFirst()
            return true
        }

        mutating func value(depth: Int) -> PythonLiteral? {
            skipBlanks()
            guard depth < Self.depthLimit, let first = rest.first else { return nil }
            switch first {
            case "(": return sequence(to: ")", depth)
            case "[": return sequence(to: "]", depth)
            case "{": return dictionary(depth)
            case "'", "\"": return string().map { .string($0) }
            default: return word()
            }
        }

        private mutating func sequence(to end: Unicode.Scalar, _ depth: Int) -> PythonLiteral? {
            rest.removeFirst()
            var elements: [PythonLiteral] = []
            while !skip(end) {
                guard let element = value(depth: depth + 1) else { return nil }
                elements.append(element)
                if skip(",") { continue }
                guard skip(end) else { return nil }
                break
            }
            return .sequence(elements)
        }

        private mutating func dictionary(_ depth: Int) -> PythonLiteral? {
            rest.removeFirst()
            var members: [String: PythonLiteral] = [:]
            while !skip("}") {
                guard case .string(let key)? = value(depth: depth + 1), skip(":"), let member = value(depth: depth + 1)
                else { return nil }
                members[key] = member
                if skip(",") { continue }
                guard skip("}") else { return nil }
                break
            }
            return .dictionary(members)
        }

        private mutating func string() -> String? {
            let quote = rest.removeFirst()
            var text = String.UnicodeScalarView()
            while let scalar = rest.popFirst() {
                if scalar == quote { return String(text) }
                guard scalar == "\\" else {
                    text.append(scalar)
                    continue
                }
                guard let next = rest.popFirst() else { return nil }
                text.append(next)
            }
            return nil
        }

        /// A number, which Python 2 may end with an "L", or a word that stands for a value.
        private mutating func word() -> PythonLiteral? {
            let scalars = rest.prefix {
                $0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "-" || $0 == "+"
            }
            rest = rest.dropFirst(scalars.count)
            var text = String(String.UnicodeScalarView(scalars))
            switch text {
            case "True": return .bool(true)
            case "False": return .bool(false)
            case "None": return PythonLiteral.none
            case "u", "b":
                guard rest.first == "'" || rest.first == "\"" else { return nil }
                return string().map { .string($0) }
            default:
                if text.hasSuffix("L") { text.removeLast() }
                return Int(text).map { .integer($0) }
            }
        }
    }
}
