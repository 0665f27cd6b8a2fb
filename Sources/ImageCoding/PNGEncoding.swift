// SPDX-License-Identifier: MIT

private import CPNG

/// Encodes a picture as an 8-bit PNG file; the same pixels give the same bytes.
public func encodePNG(_ image: RGBImage) throws(ImageError) -> [UInt8] {
    try encode(image.pixels, width: image.width, height: image.height, format: UInt32(PNG_FORMAT_FLAG_COLOR))
}

/// Encodes `width * height` gray samples as an 8-bit PNG file.
public func encodePNG(gray samples: [UInt8], width: Int, height: Int) throws(ImageError) -> [UInt8] {
    precondition(width > 0 && height > 0 && samples.count == width * height, "one sample a pixel")
    return try encode(samples, width: width, height: height, format: 0)
}

private func encode(_ samples: [UInt8], width: Int, height: Int, format: UInt32) throws(ImageError) -> [UInt8] {
    guard let columns = UInt32(exactly: width), let rows = UInt32(exactly: height) else {
        throw .codecFailed(reason: "a side of \(max(width, height)) pixels is too long for a PNG file")
    }
    var image = unsafe png_image()
    unsafe image.version = UInt32(PNG_IMAGE_VERSION)
    unsafe image.width = columns
    unsafe image.height = rows
    unsafe image.format = format
    defer { unsafe png_image_free(&image) }
    // What libpng's own bound for the size is: incompressible rows, zlib's overhead, headers.
    let bound = samples.count + height + samples.count / 1000 + (samples.count + height) / 16_384 * 5 + 4096
    var size = bound
    var succeeded = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, initialized in
        succeeded = unsafe png_image_write_to_memory(&image, buffer.baseAddress, &size, 0, samples, 0, nil) != 0
        initialized = succeeded ? size : 0
    }
    guard succeeded else {
        let reason = unsafe withUnsafeBytes(of: &image.message) { text in
            unsafe String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        }
        throw .codecFailed(reason: reason)
    }
    return bytes
}
