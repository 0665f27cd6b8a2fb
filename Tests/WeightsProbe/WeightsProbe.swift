// SPDX-License-Identifier: MIT

import SystemPackage
import SystemSupport
import TensorStorage

/// Reads damaged and hostile weight files where a trap ends no test, and where nobody else takes memory.
///
/// Its argument is a file of files: of each its size, eight bytes with the lowest first, and its bytes. A letter is written
/// for each as soon as it is done with, `r` where it was read and `x` where it was refused, so that the letters tell which
/// one ended the process. Then comes a space, and how many bytes of memory reading them took at most.
@main
struct WeightsProbe {
    static func main() throws {
        let files = try LocalFileSystem().contents(of: FilePath(CommandLine.arguments[1]), limit: 1 << 30)
        let growth = try peakGrowth {
            var rest = files[...]
            while !rest.isEmpty {
                let size = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                let file = Array(rest.dropFirst(8).prefix(size))
                rest = rest.dropFirst(8 + size)
                try write((try? readTensors(file)) == nil ? "x" : "r")
            }
        }
        try write(" \(growth)\n")
    }

    private static func write(_ text: String) throws {
        _ = try FileDescriptor.standardOutput.writeAll(Array(text.utf8))
    }
}
