// SPDX-License-Identifier: MIT

private import CPNG

/// Decodes a PNG file's samples as they are stored: no gamma, alpha dropped, 16 bits cut to the high eight.
func decodePNG(_ bytes: [UInt8], limits: ImageLimits) throws(ImageError) -> RGBImage {
    guard bytes.count >= 33, Array(bytes[12..<16]) == Array("IHDR".utf8) else {
        throw .damaged(format: "PNG", reason: "it ends before the header")
    }
    let width = bigEndian(bytes[16..<20])
    let height = bigEndian(bytes[20..<24])
    guard width > 0, height > 0 else { throw .damaged(format: "PNG", reason: "it has no pixels") }
    try limits.check(width: width, height: height)
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    var reason: String?
    unsafe bytes.withUnsafeBufferPointer { source in
        unsafe pixels.withUnsafeMutableBufferPointer { target in
            reason = unsafe decode(source, width: width, height: height, into: target)
        }
    }
    if let reason { throw .damaged(format: "PNG", reason: reason) }
    let image = RGBImage(width: width, height: height, pixels: pixels)
    return exifOrientation(bytes).applied(to: image)
}

/// Returns libpng's reason where it fails.
private func decode(
    _ source: UnsafeBufferPointer<UInt8>,
    width: Int,
    height: Int,
    into target: UnsafeMutableBufferPointer<UInt8>
) -> String? {
    var state = unsafe lucid_png_source()
    unsafe state.bytes = source.baseAddress
    unsafe state.count = source.count
    let rows = UnsafeMutablePointer<png_bytep?>.allocate(capacity: height)
    defer { unsafe rows.deallocate() }
    let status = unsafe lucid_png_decode(&state, UInt32(width), UInt32(height), target.baseAddress, rows)
    if status == 0 { return nil }
    return unsafe withUnsafeBytes(of: &state.message) { text in
        unsafe String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }
}

/// The orientation of an eXIf chunk, which OpenCV obeys as it does in JPEG files.
private func exifOrientation(_ bytes: [UInt8]) -> Orientation {
    var position = 8
    while position + 12 <= bytes.count {
        let length = bigEndian(bytes[position..<(position + 4)])
        guard length <= bytes.count - position - 12 else { break }
        if bytes[(position + 4)..<(position + 8)].elementsEqual("eXIf".utf8) {
            return Orientation.stated(inExif: bytes[(position + 8)..<(position + 8 + length)])
        }
        position += 12 + length
    }
    return .upright
}

private func bigEndian(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reduce(0) { $0 << 8 | Int($1) }
}
