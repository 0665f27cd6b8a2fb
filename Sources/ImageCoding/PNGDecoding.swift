// SPDX-License-Identifier: MIT

private import CPNG
private import Glibc

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
    let outcome = unsafe bytes.withUnsafeBufferPointer { source in
        unsafe pixels.withUnsafeMutableBufferPointer { target in
            unsafe decode(source, width: width, height: height, into: target)
        }
    }
    let exif = try outcome.get()
    let image = RGBImage(width: width, height: height, pixels: pixels)
    return Orientation.first(inExif: [exif]).applied(to: image)
}

/// Decodes the pixels, and returns the EXIF data, which OpenCV obeys as it does in JPEG files.
private func decode(
    _ source: UnsafeBufferPointer<UInt8>,
    width: Int,
    height: Int,
    into target: UnsafeMutableBufferPointer<UInt8>
) -> Result<[UInt8], ImageError> {
    var state = unsafe lucid_png_source()
    unsafe state.bytes = source.baseAddress
    unsafe state.count = source.count
    let rows = UnsafeMutablePointer<png_bytep?>.allocate(capacity: height)
    defer { unsafe rows.deallocate() }
    defer { unsafe free(state.exif) }
    let status = unsafe lucid_png_decode(&state, UInt32(width), UInt32(height), target.baseAddress, rows)
    guard status == 0 else {
        let reason = unsafe withUnsafeBytes(of: &state.message) { text in
            unsafe String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        }
        return .failure(.damaged(format: "PNG", reason: reason))
    }
    return .success(unsafe Array(UnsafeBufferPointer(start: state.exif, count: state.exif_count)))
}

private func bigEndian(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reduce(0) { $0 << 8 | Int($1) }
}
