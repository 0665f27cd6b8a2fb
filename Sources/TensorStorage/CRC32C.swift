// SPDX-License-Identifier: MIT

/// The Castagnoli checksum that ends a shard's index.
func crc32c(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
}

private let table: [UInt32] = (0..<256).map { (byte: UInt32) in
    (0..<8).reduce(byte) { remainder, _ in remainder & 1 == 1 ? 0x82F6_3B78 ^ (remainder >> 1) : remainder >> 1 }
}
