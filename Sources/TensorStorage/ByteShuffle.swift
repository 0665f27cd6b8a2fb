// SPDX-License-Identifier: MIT

/// Puts the first bytes of all words together, then the second ones and so on, which compresses better.
///
/// Both buffers hold `count` words. The loops are written so that they become vector instructions.
@unsafe
func shuffleBytes(
    _ source: UnsafeRawPointer,
    into target: UnsafeMutablePointer<UInt8>,
    count: Int,
    wordSize: Int
) {
    switch wordSize {
    case 2:
        for index in 0..<count {
            let word = unsafe source.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self)
            unsafe target[index] = UInt8(truncatingIfNeeded: word)
            unsafe target[count &+ index] = UInt8(truncatingIfNeeded: word &>> 8)
        }
    case 4:
        for plane in 0..<4 {
            let shift = UInt32(plane &* 8)
            let output = unsafe target + plane &* count
            for index in 0..<count {
                let word = unsafe source.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
                unsafe output[index] = UInt8(truncatingIfNeeded: word &>> shift)
            }
        }
    default:
        for plane in 0..<wordSize {
            let output = unsafe target + plane &* count
            for index in 0..<count {
                unsafe output[index] = source.load(fromByteOffset: index &* wordSize &+ plane, as: UInt8.self)
            }
        }
    }
}

/// Undoes ``shuffleBytes(_:into:count:wordSize:)``.
@unsafe
func unshuffleBytes(
    _ source: UnsafePointer<UInt8>,
    into target: UnsafeMutableRawPointer,
    count: Int,
    wordSize: Int
) {
    switch wordSize {
    case 2:
        for index in 0..<count {
            let word = unsafe UInt16(source[index]) | UInt16(source[count &+ index]) &<< 8
            unsafe target.storeBytes(of: word, toByteOffset: index &* 2, as: UInt16.self)
        }
    case 4:
        let second = unsafe source + count
        let third = unsafe source + 2 &* count
        let fourth = unsafe source + 3 &* count
        for index in 0..<count {
            let low = unsafe UInt32(source[index]) | UInt32(second[index]) &<< 8
            let high = unsafe UInt32(third[index]) &<< 16 | UInt32(fourth[index]) &<< 24
            unsafe target.storeBytes(of: low | high, toByteOffset: index &* 4, as: UInt32.self)
        }
    default:
        for plane in 0..<wordSize {
            let input = unsafe source + plane &* count
            for index in 0..<count {
                unsafe target.storeBytes(of: input[index], toByteOffset: index &* wordSize &+ plane, as: UInt8.self)
            }
        }
    }
}
