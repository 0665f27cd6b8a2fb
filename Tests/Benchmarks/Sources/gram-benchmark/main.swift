// SPDX-License-Identifier: MIT

import ComputeEngine
import RepresentationSimilarity

// Useful GF/s of a symmetric Gram product in blocks, as gram jobs compute it: centring, float32 products of the
// lower blocks, float64 sums. Usage: gram-benchmark [threads] [rows] [features of a block]

let arguments = CommandLine.arguments
func argument(_ place: Int, _ standard: Int) -> Int {
    arguments.count > place ? Int(arguments[place]) ?? standard : standard
}
let (threads, rows, width) = (argument(1, 2), argument(2, 2048), argument(3, 16_384))
let block = try FloatBuffer(count: rows * width)
block.all.withMutableValues { values in
    for index in values.indices { values[index] = Float(index &* 2_654_435_761 & 0xffff) * 1e-4 }
}
let tile = GramTile(rows: rows, columns: rows, isSymmetric: true)
let clock = ContinuousClock()
for _ in 0..<5 {
    let time = try clock.measure {
        _ = try ColumnMeans.center(block.all, rows: rows, width: width, threads: threads)
        try tile.add(block.all, block.all, width: width, threads: threads)
    }
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    let operations = Double(rows) * Double(rows + 1) * Double(width)
    print("\(operations / seconds / 1e9) GF/s on \(threads) threads, \(rows) × \(width), \(CPUEngine.instructionSet)")
}
