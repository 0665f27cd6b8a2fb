// SPDX-License-Identifier: MIT

private import CTurboJPEG

/// One TurboJPEG decompressor, which one thread uses at a time.
@safe
struct JPEGDecoder: ~Copyable {
    private let handle: tjhandle

    init() throws(ImageError) {
        guard let created = unsafe tjInitDecompress() else {
            throw .codecFailed(reason: "TurboJPEG gave no decompressor")
        }
        unsafe handle = created
    }

    deinit { _ = unsafe tjDestroy(handle) }

    /// Decodes with the accurate inverse transform and smooth upsampling, as OpenCV does.
    ///
    /// Damage of any kind is an error: TurboJPEG would only warn of a truncated file and fill the rest.
    func decode(_ bytes: [UInt8], limits: ImageLimits) throws(ImageError) -> RGBImage {
        let header = try JPEGHeader(bytes)
        try limits.check(width: header.width, height: header.height)
        let pixels =
            header.componentCount == 4
            ? Self.lightFromInk(try decompress(bytes, header, format: TJPF_CMYK, samples: 4))
            : try decompress(bytes, header, format: TJPF_RGB, samples: 3)
        let image = RGBImage(width: header.width, height: header.height, pixels: pixels)
        return header.orientation.applied(to: image)
    }

    private func decompress(
        _ bytes: [UInt8],
        _ header: JPEGHeader,
        format: TJPF,
        samples: Int
    ) throws(ImageError) -> [UInt8] {
        var status: Int32 = -1
        let count = header.width * header.height * samples
        let pixels = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            unsafe buffer.initialize(repeating: 0)
            initialized = count
            status = unsafe bytes.withUnsafeBufferPointer { source in
                unsafe tjDecompress2(
                    handle,
                    source.baseAddress,
                    UInt(source.count),
                    buffer.baseAddress,
                    Int32(header.width),
                    Int32(header.width * samples),
                    Int32(header.height),
                    Int32(format.rawValue),
                    TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
                )
            }
        }
        guard status == 0 else {
            let reason = unsafe tjGetErrorStr2(handle).map { unsafe String(cString: $0) }
            throw .damaged(format: "JPEG", reason: reason ?? "TurboJPEG gave no reason")
        }
        return pixels
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
