// SPDX-License-Identifier: MIT

import Archives
import Coordination
import Downloads
import HTTPTransfer
import SystemSupport

/// Shows how far something is that is fetched: a bar on a terminal, lines elsewhere.
final class FetchDisplay: Sendable {
    private let line = ProgressLine()
    private let isLive = isTerminal(2)
    private let start = Monitor<(name: String, count: Int, time: BootClock.Instant)?>(nil)

    /// Shows a step; too often is no harm.
    func show(_ name: String, _ step: FetchStep) {
        let now = BootClock().now
        switch step {
        case .transferring(let progress): line.show([text(name, progress, now)], now: now)
        case .waiting(let count):
            line.show(["\(name): another process fetches it, \(ByteCount(count)) so far"], now: now)
        case .unpacking(let content):
            line.show(
                ["\(name): \(counted(content.fileCount, "file")) unpacked, \(ByteCount(content.byteCount))"],
                now: now
            )
        }
    }

    private func text(_ name: String, _ progress: TransferProgress, _ now: BootClock.Instant) -> String {
        // What a draft held when this began says nothing about the rate.
        let start = start.withLock { start in
            if let start, start.name == name, start.count <= progress.byteCount { return start }
            start = (name, progress.byteCount, now)
            return (name, progress.byteCount, now)
        }
        let elapsed = start.time.duration(to: now) / Duration.seconds(1)
        let rate = elapsed > 1 ? Double(progress.byteCount - start.count) / elapsed : 0
        var parts: [String] = []
        if let total = progress.total, total > 0 {
            let fraction = Double(progress.byteCount) / Double(total)
            let bar = isLive ? "\(Self.bar(fraction)) " : ""
            parts.append("\(bar)\(Int(fraction * 100))%, \(ByteCount(progress.byteCount)) of \(ByteCount(total))")
            if rate > 0 {
                parts.append("\(ByteCount(Int(rate)))/s")
                parts.append("\(TimeSpan(.seconds(Int(Double(total - progress.byteCount) / rate) + 1))) left")
            }
        } else {
            parts.append("\(ByteCount(progress.byteCount))")
            if rate > 0 { parts.append("\(ByteCount(Int(rate)))/s") }
        }
        return "\(name): \(parts.joined(separator: ", "))"
    }

    private static func bar(_ fraction: Double) -> String {
        let width = 30
        let full = min(width, Int(fraction * Double(width)))
        return "[\(String(repeating: "#", count: full))\(String(repeating: ".", count: width - full))]"
    }
}
