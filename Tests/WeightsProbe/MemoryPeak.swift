// SPDX-License-Identifier: MIT

import SystemPackage

/// How many bytes more than before this process holds at most while it does something.
///
/// For processes that nobody else uses and that have not freed much yet: what was given back to the allocator, but not to
/// the system, hides as much growth.
func peakGrowth(_ body: () throws -> Void) throws -> Int {
    let reset = try FileDescriptor.open(FilePath("/proc/self/clear_refs"), .writeOnly)
    try reset.closeAfter { _ = try reset.writeAll(Array("5".utf8)) }
    let before = try peak()
    try body()
    return try peak() - before
}

/// The most bytes of memory that the process has held.
private func peak() throws -> Int {
    let status = try FileDescriptor.open(FilePath("/proc/self/status"), .readOnly)
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    let count = try status.closeAfter { try unsafe bytes.withUnsafeMutableBytes { try unsafe status.read(into: $0) } }
    let lines = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
    let line = lines.first { $0.hasPrefix("VmHWM:") } ?? ""
    guard let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) }) else {
        throw Errno.noData
    }
    return kilobytes << 10
}
