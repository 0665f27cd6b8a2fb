// SPDX-License-Identifier: MIT

private import CCairo

/// A colour by its parts, 0 to 1.
public struct Color: Equatable, Sendable {
    let red: Double
    let green: Double
    let blue: Double

    /// Mixes a colour.
    public init(red: Double, green: Double, blue: Double) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// White.
    public static let white = Color(red: 1, green: 1, blue: 1)
    /// Almost black, for text.
    public static let ink = Color(red: 0.13, green: 0.13, blue: 0.15)
    /// A quiet grey, for what is missing.
    public static let mist = Color(red: 0.9, green: 0.9, blue: 0.91)

    /// How bright it looks, 0 to 1.
    public var luminance: Double { 0.2126 * red + 0.7152 * green + 0.0722 * blue }
}

/// Where a text stands in relation to its point.
public enum TextAnchor: Sendable {
    /// The text begins at the point.
    case start
    /// The point is the text's middle.
    case middle
    /// The text ends at the point.
    case end
}

/// A picture on which rectangles, texts and pictures are drawn, in pixels from the upper left corner.
@safe
public struct Canvas: ~Copyable {
    /// The most pixels of a side.
    public static let longestSide = 16_384

    private let surface: OpaquePointer
    private let context: OpaquePointer

    /// A white picture, each side from 1 to 16,384 pixels.
    public init(width: Int, height: Int) throws(DrawingError) {
        guard (1...Self.longestSide).contains(width), (1...Self.longestSide).contains(height),
            let surface = unsafe cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(width), Int32(height)),
            unsafe cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS, let context = unsafe cairo_create(surface)
        else { throw .noPicture(width: width, height: height) }
        unsafe self.surface = surface
        unsafe self.context = context
        unsafe cairo_select_font_face(context, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL)
        fill(x: 0, y: 0, width: Double(width), height: Double(height), .white)
    }

    deinit {
        unsafe cairo_destroy(context)
        unsafe cairo_surface_destroy(surface)
    }

    /// Fills a rectangle.
    public func fill(x: Double, y: Double, width: Double, height: Double, _ color: Color) {
        unsafe cairo_set_source_rgb(context, color.red, color.green, color.blue)
        unsafe cairo_rectangle(context, x, y, width, height)
        unsafe cairo_fill(context)
    }

    /// Writes a line of text on a base line, turned by an angle in radians.
    public func write(
        _ text: String,
        x: Double,
        y: Double,
        size: Double,
        anchor: TextAnchor,
        angle: Double,
        _ color: Color
    ) {
        unsafe cairo_save(context)
        unsafe cairo_set_source_rgb(context, color.red, color.green, color.blue)
        unsafe cairo_set_font_size(context, size)
        unsafe cairo_translate(context, x, y)
        unsafe cairo_rotate(context, angle)
        let shift =
            switch anchor {
            case .start: 0.0
            case .middle: -width(of: text, size: size) / 2
            case .end: -width(of: text, size: size)
            }
        unsafe cairo_move_to(context, shift, 0)
        unsafe cairo_show_text(context, text)
        unsafe cairo_restore(context)
    }

    /// How wide a text is.
    public func width(of text: String, size: Double) -> Double {
        var extents = cairo_text_extents_t()
        unsafe cairo_set_font_size(context, size)
        unsafe cairo_text_extents(context, text, &extents)
        return extents.x_advance
    }

    /// Copies a picture's red, green and blue bytes, row by row; what lies outside of the canvas is cut off.
    public func copy(_ pixels: [UInt8], width: Int, height: Int, toX x: Int, y: Int) {
        precondition(width >= 0 && height >= 0 && pixels.count == width * height * 3, "three bytes a pixel")
        unsafe cairo_surface_flush(surface)
        let stride = unsafe Int(cairo_image_surface_get_stride(surface))
        guard let data = unsafe cairo_image_surface_get_data(surface) else { return }
        let columns = unsafe visible(width, at: x, of: Int(cairo_image_surface_get_width(surface)))
        let rows = unsafe visible(height, at: y, of: Int(cairo_image_surface_get_height(surface)))
        for row in rows {
            for column in columns {
                let source = (row * width + column) * 3
                let target = (y + row) * stride + (x + column) * 4
                // Blue comes first on little-endian machines.
                unsafe data[target] = pixels[source + 2]
                unsafe data[target + 1] = pixels[source + 1]
                unsafe data[target + 2] = pixels[source]
            }
        }
        unsafe cairo_surface_mark_dirty(surface)
    }

    /// The picture's bytes, red, green and blue, row by row.
    public consuming func pixels() -> [UInt8] {
        unsafe cairo_surface_flush(surface)
        let width = unsafe Int(cairo_image_surface_get_width(surface))
        let height = unsafe Int(cairo_image_surface_get_height(surface))
        let stride = unsafe Int(cairo_image_surface_get_stride(surface))
        guard let data = unsafe cairo_image_surface_get_data(surface) else { return [] }
        var pixels = [UInt8](repeating: 255, count: width * height * 3)
        for row in 0..<height {
            for column in 0..<width {
                for channel in 0..<3 {
                    // Blue comes first on little-endian machines.
                    pixels[(row * width + column) * 3 + channel] = unsafe data[row * stride + column * 4 + 2 - channel]
                }
            }
        }
        return pixels
    }
}

/// The part of a length that lies on a side, from its own beginning.
private func visible(_ length: Int, at place: Int, of side: Int) -> Range<Int> {
    let first = min(max(0, -place), length)
    return first..<max(first, min(length, side - place))
}

/// A picture that cannot be drawn.
public enum DrawingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The size is out of bounds, or there is no memory.
    case noPicture(width: Int, height: Int)

    /// The message.
    public var description: String {
        switch self {
        case .noPicture(let width, let height): "a picture of \(width) × \(height) pixels cannot be drawn"
        }
    }
}
