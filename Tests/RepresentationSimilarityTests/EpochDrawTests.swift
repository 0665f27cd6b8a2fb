// SPDX-License-Identifier: MIT

import Foundation
import SystemSupport
import Testing

@testable import RepresentationSimilarity

@Suite("Epochs", .timeLimit(.minutes(120)))
struct EpochDrawTests {
    struct Order: Decodable {
        let count: Int
        let epoch: Int
        let first: [Int]
        /// SHA-256 of the whole order as little-endian 64-bit numbers.
        let digest: String
    }

    @Test("Every order is the one that PyTorch's data loader draws")
    func ordersAgree() throws {
        let orders = try JSONDecoder().decode([Order].self, from: resource("orders.json"))
        #expect(Set(orders.map(\.count)) == [64, 100, 1000, 19962])
        for expected in orders {
            let order = EpochDraw.order(epoch: expected.epoch, count: expected.count)
            #expect(Array(order.prefix(16)) == expected.first)
            let bytes = order.flatMap { index in (0..<8).map { UInt8(truncatingIfNeeded: index >> (8 * $0)) } }
            #expect(ContentDigest(of: bytes).hexadecimal == expected.digest, "\(expected.count), \(expected.epoch)")
        }
    }

    @Test("An epoch is cut to whole batches, and to no more than there are", arguments: [(64, 3), (2, 2), (0, 0)])
    func clamps(iterations: Int, expected: Int) {
        #expect(EpochDraw.clamp(iterations: iterations, batchSize: 8, count: 31) == expected)
        let lists = EpochDraw.lists(epochs: 2, iterations: iterations, batchSize: 8, count: 31)
        #expect(lists.map(\.count) == [expected * 8, expected * 8])
    }

    @Test(
        "Rows are sorted by jackknife group, and the groups' ranges make up all rows",
        arguments: [0, 1, 31, 33, 500]
    )
    func groups(count: Int) {
        let images = Array(EpochDraw.order(epoch: 3, count: 1000).prefix(count))
        let rows = JackknifeGroups.rows(of: images)
        #expect(rows.sorted() == images.sorted())
        let ranges = JackknifeGroups.ranges(in: rows)
        #expect(ranges.count == 32)
        #expect(ranges.flatMap { Array($0) } == Array(0..<count))
        for (group, range) in ranges.enumerated() {
            #expect(rows[range].allSatisfy { $0 % 32 == group })
            #expect(Array(rows[range]) == rows[range].sorted())
        }
    }

    @Test("No images, or one, have an order")
    func small() {
        #expect(EpochDraw.order(epoch: 0, count: 0).isEmpty)
        #expect(EpochDraw.order(epoch: 0, count: 1) == [0])
    }
}

func resource(_ name: String) throws -> Data {
    try Data(contentsOf: Bundle.module.bundleURL.appendingPathComponent("Resources/\(name)"))
}
