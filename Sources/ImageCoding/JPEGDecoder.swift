// SPDX-License-Identifier: MIT

private import CJPEG

/// One decompressor of libjpeg, which one thread uses at a time.
@safe
struct JPEGDecoder: ~Copyable {
    private let handle: UnsafeMutablePointer<lucid_jpeg>

    init() throws(ImageError) {
        guard let created = unsafe lucid_jpeg_make() else {
            throw .codecFailed(reason: "libjpeg gave no decompressor")
        }
        unsafe handle = created
    }

    deinit { unsafe lucid_jpeg_free(handle) }

    /// Decodes with the accurate inverse transform and smooth upsampling, as OpenCV does.
    ///
    /// libjpeg warns of every fault that it can read over, and fills with grey what is lost. Its code of a warning tells
    /// whether coefficients may be wrong (data that end too early, codes that do not exist or were passed over, restart
    /// markers out of turn), which is an error here. A cut where a scan ends gives no warning, so what the scans brought is
    /// counted as well. All other faults are remarked on: bytes between segments, no end marker, unknown versions. Codes
    /// that were changed and are as many codes still, and arithmetic ones that were cut, leave no sign in any decoder.
    func decode(_ bytes: [UInt8], limits: ImageLimits) throws(ImageError) -> DecodedImage {
        try unsafe bytes.withUnsafeBufferPointer { source throws(ImageError) in
            guard unsafe lucid_jpeg_read_header(handle, source.baseAddress, source.count) == 0 else { throw failure }
            let width = Int(unsafe handle.pointee.info.image_width)
            let height = Int(unsafe handle.pointee.info.image_height)
            try limits.check(width: width, height: height)
            let hasInk = unsafe handle.pointee.info.num_components == 4
            let orientation = Orientation.first(inExif: exifSegments)
            let samples = try read(width * height, samples: hasInk ? 4 : 3)
            if let loss = text(unsafe handle.pointee.loss) { throw Self.damaged("pixels are lost: \(loss)") }
            if endsInZeros(bytes) { throw Self.damaged("pixels are lost: its end is filled with zeros") }
            let pixels = hasInk ? Self.lightFromInk(samples) : samples
            let image = RGBImage(width: width, height: height, pixels: pixels)
            return DecodedImage(image: orientation.applied(to: image), remark: text(unsafe handle.pointee.remark))
        }
    }

    private func read(_ pixels: Int, samples: Int) throws(ImageError) -> [UInt8] {
        var status: Int32 = -1
        let count = pixels * samples
        let read = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            unsafe buffer.initialize(repeating: 0)
            initialized = count
            status = unsafe lucid_jpeg_read_pixels(handle, Int32(samples), buffer.baseAddress)
        }
        guard status == 0 else { throw failure }
        return read
    }

    /// The Exif segments before the first scan, in their order, without their name.
    private var exifSegments: [[UInt8]] {
        var segments: [[UInt8]] = []
        var next = unsafe handle.pointee.info.marker_list
        while let marker = unsafe next {
            let bytes = unsafe UnsafeBufferPointer(start: marker.pointee.data, count: Int(marker.pointee.data_length))
            if unsafe bytes.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) {
                unsafe segments.append(Array(bytes.dropFirst(6)))
            }
            unsafe next = marker.pointee.next
        }
        return segments
    }

    /// Whether the file was never written to its end: zeros from before the last pixels' codes to the last byte.
    ///
    /// Zeros are codes as well, often of flat blocks, so that libjpeg sees only that there are too many.
    private func endsInZeros(_ bytes: [UInt8]) -> Bool {
        let tail = bytes.suffix(Int(unsafe handle.pointee.unread) + 64)
        return tail.allSatisfy { $0 == 0 }
    }

    private var failure: ImageError {
        Self.damaged(text(unsafe handle.pointee.failure) ?? "libjpeg gave no reason")
    }

    private static func damaged(_ reason: String) -> ImageError { .damaged(format: "JPEG", reason: reason) }

    /// A text that libjpeg wrote; nil where it is empty.
    private func text<Characters>(_ characters: Characters) -> String? {
        let text = unsafe withUnsafeBytes(of: characters) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return text.isEmpty ? nil : text
    }

    /// OpenCV's conversion of cyan, magenta, yellow and black samples, which Adobe stores inverted.
    private static func lightFromInk(_ ink: [UInt8]) -> [UInt8] {
        let ink = ink.span
        return [UInt8](capacity: ink.count / 4 * 3) { output in
            for pixel in 0..<(ink.count / 4) {
                let black = Int(ink[pixel * 4 + 3])
                for channel in 0..<3 {
                    let value = black - (((255 - Int(ink[pixel * 4 + channel])) * black) >> 8)
                    output.append(UInt8(truncatingIfNeeded: value))
                }
            }
        }
    }
}
