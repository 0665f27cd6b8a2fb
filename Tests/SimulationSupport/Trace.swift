// SPDX-License-Identifier: MIT

/// All that happened, as lines where somebody wants to read them, and always as a digest.
struct Trace: Sendable {
    private let isKept: Bool
    private(set) var lines: [String] = []
    private(set) var digest: UInt64 = 0

    init(isKept: Bool) {
        self.isKept = isKept
    }

    mutating func note(_ time: Duration, _ who: String, _ parts: String...) {
        digest = mixed(digest ^ UInt64(bitPattern: time.components.attoseconds))
        for part in [who] + parts {
            for byte in part.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        guard isKept else { return }
        let seconds = (time.seconds * 1000).rounded() / 1000
        lines.append("\(seconds) \(who) " + parts.filter { !$0.isEmpty }.joined(separator: " "))
    }
}
