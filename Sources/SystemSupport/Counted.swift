// SPDX-License-Identifier: MIT

/// A number of things in words: "1 step", "512 steps".
public func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
