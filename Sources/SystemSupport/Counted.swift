// SPDX-License-Identifier: MIT

/// A number of things in words: "1 step", "512 steps", "2 batches".
public func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : noun.hasSuffix("ch") ? "es" : "s")"
}

/// A number of things, and the verb that goes with it: "1 step is", "512 steps are".
public func counted(_ count: Int, _ noun: String, _ singular: String, _ plural: String) -> String {
    "\(counted(count, noun)) \(count == 1 ? singular : plural)"
}
