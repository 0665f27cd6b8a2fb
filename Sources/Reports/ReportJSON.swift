// SPDX-License-Identifier: MIT

private import Glibc

/// JSON whose members stand in the order given and whose numbers have 17 digits, so that equal reports are equal bytes.
public indirect enum ReportJSON: Sendable {
    /// A text.
    case text(String)
    /// A whole number.
    case integer(Int)
    /// A number; nil, and what is not finite, becomes null.
    case number(Double?)
    /// Values in order.
    case list([ReportJSON])
    /// Named values in order.
    case object([(String, ReportJSON)])

    /// The document, with one line for each entry of the outermost lists.
    public var document: String { render(depth: 0) + "\n" }

    private func render(depth: Int) -> String {
        switch self {
        case .text(let text): return quoted(text)
        case .integer(let number): return String(number)
        case .number(let number): return number.flatMap(digits17) ?? "null"
        case .list(let values):
            let parts = values.map { $0.render(depth: depth + 1) }
            guard depth <= 1, !parts.isEmpty else { return "[\(parts.joined(separator: ", "))]" }
            return "[\n" + parts.map { "  \($0)" }.joined(separator: ",\n") + "\n]"
        case .object(let members):
            let parts = members.map { "\(quoted($0.0)): \($0.1.render(depth: depth + 1))" }
            guard depth == 0 else { return "{\(parts.joined(separator: ", "))}" }
            return "{\n" + parts.joined(separator: ",\n") + "\n}"
        }
    }

    private func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 32:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// A number with 17 significant digits, from which the same number is read back; nil where it is not finite.
func digits17(_ number: Double) -> String? { number.isFinite ? formatted(number, "%.17g") : nil }

/// A number with some decimals, for people.
func decimals(_ number: Double, _ count: Int) -> String { formatted(number, "%.\(count)f") }

/// A number with some significant digits, as short as they allow.
func significant(_ number: Double, _ digits: Int) -> String { formatted(number, "%.\(digits)g") }

private func formatted(_ number: Double, _ format: String) -> String {
    var buffer = [CChar](repeating: 0, count: 400)
    let length = unsafe withVaList([number]) { unsafe vsnprintf(&buffer, buffer.count, format, $0) }
    return String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
