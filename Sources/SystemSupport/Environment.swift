// SPDX-License-Identifier: MIT

private import Glibc

/// A variable of the environment; nil where it is not set or empty.
///
/// Nothing here sets variables, so reading them is safe from any thread.
public func environmentValue(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
}
