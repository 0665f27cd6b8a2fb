// SPDX-License-Identifier: MIT

/// The word that differs least from a mistyped one, where one is close.
public func closest(to typed: String, among words: [String]) -> String? {
    let letters = Array(typed.lowercased().utf8.prefix(64))
    let best = words.map { ($0, editDistance(letters, Array($0.utf8))) }.min { $0.1 < $1.1 }
    guard let best, best.1 <= max(2, letters.count / 4), best.1 < letters.count else { return nil }
    return best.0
}

/// How many bytes must be put in, taken out or changed to turn one text into the other.
private func editDistance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var row = Array(0...other.count)
    for (i, x) in one.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in other.enumerated() {
            let changed = diagonal + (x == y ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(changed, row[j] + 1, diagonal + 1)
        }
    }
    return row[other.count]
}
