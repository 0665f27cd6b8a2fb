// SPDX-License-Identifier: MIT

/// Calls a body with every position of a grid, in C order.
func forEachPosition<Failure: Error>(
    in grid: [Int],
    _ body: ([Int]) throws(Failure) -> Void
) throws(Failure) {
    if grid.contains(where: { $0 <= 0 }) { return }
    var position = [Int](repeating: 0, count: grid.count)
    while true {
        try body(position)
        var axis = grid.count - 1
        while axis >= 0 {
            position[axis] += 1
            if position[axis] < grid[axis] { break }
            position[axis] = 0
            axis -= 1
        }
        if axis < 0 { return }
    }
}

/// Calls a body with every run of numbers that a chunk and the array share.
///
/// It is given where the run begins in the chunk and in the array, and how long it is.
func forEachRow(
    ofChunk coordinates: [Int],
    _ metadata: ArrayMetadata,
    _ body: (_ inChunk: Int, _ inArray: Int, _ count: Int) -> Void
) {
    let origin = zip(coordinates, metadata.chunkShape).map { $0 * $1 }
    let extent = metadata.shape.indices.map { min(metadata.chunkShape[$0], metadata.shape[$0] - origin[$0]) }
    guard let rowLength = extent.last else { return }
    forEachPosition(in: Array(extent.dropLast()) + [1]) { position in
        var inChunk = 0
        var inArray = 0
        for axis in position.indices {
            inChunk = inChunk * metadata.chunkShape[axis] + position[axis]
            inArray = inArray * metadata.shape[axis] + position[axis] + origin[axis]
        }
        body(inChunk, inArray, rowLength)
    }
}
