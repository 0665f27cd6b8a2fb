// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// What a thread needs to work on pictures of one kind, one after another: plans, factors and scratch memory.
public final class PictureWorkspace {
    let scale: SpectrumScale
    let colors: ColorMapping
    let fourier: RealFourierTransform
    /// Factors of a spectrum's plane before the transform to a picture.
    let forward: FloatRegion
    /// Factors of a spectrum's plane after the transform of a gradient.
    let backward: FloatRegion
    /// Three planes of a spectrum, or of its gradient.
    let spectrum: FloatRegion
    /// Three planes of a picture before its colours, or of its gradient.
    let planes: FloatRegion
    /// One row of pixels.
    let line: FloatRegion
    /// The picture in its grey border.
    let padded: PixelGrid

    private let schedule: TransformSchedule
    private let scratch: (framed: FloatRegion, plain: FloatRegion)

    /// Makes plans and takes the memory for pictures of a schedule's size and kind.
    ///
    /// Throws `ComputeError` where there is no memory.
    public init(for schedule: TransformSchedule) throws {
        self.schedule = schedule
        let layout = Layout(schedule)
        scale = SpectrumScale(size: schedule.size)
        colors = ColorMapping(side: schedule.size, planeStride: layout.planeStride)
        fourier = try RealFourierTransform(height: schedule.size, width: schedule.size)
        let memory = try FloatBuffer(count: layout.count)
        var used = 0
        func allocate(_ count: Int) -> FloatRegion {
            defer { used += count }
            return memory.region(offset: used, count: count)
        }
        forward = allocate(scale.planeStride)
        backward = allocate(scale.planeStride)
        spectrum = allocate(scale.count)
        planes = allocate(3 * layout.planeStride)
        let border = allocate(layout.paddedCount)
        scratch = (allocate(layout.framedCount), allocate(layout.plainCount))
        line = allocate(layout.lineCount)
        padded = PixelGrid(side: layout.paddedSide, in: border)
        scale.writeForward(forward)
        scale.writeBackward(backward)
        padded.fill(with: SIMD4(repeating: TransformGeometry.paddingValue))
    }

    /// The memory that a workspace takes, without FFTW's plans.
    public static func byteCount(for schedule: TransformSchedule) -> Int {
        Layout(schedule).count * MemoryLayout<Float>.stride
    }

    /// Whether pictures of a schedule can be worked on here.
    func fits(_ other: TransformSchedule) -> Bool {
        other.size == schedule.size && other.compatibility == schedule.compatibility
            && other.transforms == schedule.transforms
    }

    /// One of the spectrum's planes.
    func spectrumPlane(_ index: Int) -> FloatRegion {
        spectrum.part(offset: index * scale.planeStride, count: scale.planeStride)
    }

    /// One of the planes before the colours.
    func plane(_ index: Int) -> FloatRegion {
        planes.part(offset: index * colors.planeStride, count: colors.planeStride)
    }

    /// The picture without its border.
    var picture: PixelGrid {
        schedule.transforms == .none ? padded : padded.inset(by: TransformGeometry.padding)
    }

    /// Scratch for a square with the frame that a rotation needs; it shares its memory with `framed(_:)` of other sides.
    func framed(_ side: Int) -> PixelGrid {
        PixelGrid(side: side + 2 * Rotation.margin, in: scratch.framed)
    }

    /// Scratch for a square in the memory of `framed(_:)`.
    func plainInFramed(_ side: Int) -> PixelGrid {
        PixelGrid(side: side, in: scratch.framed)
    }

    /// Scratch for a square in memory of its own.
    func plain(_ side: Int) -> PixelGrid {
        PixelGrid(side: side, in: scratch.plain)
    }

    /// The sizes of the regions, in values.
    private struct Layout {
        let planeStride: Int
        let paddedSide: Int
        let paddedCount: Int
        let framedCount: Int
        let plainCount: Int
        let lineCount: Int
        let count: Int

        init(_ schedule: TransformSchedule) {
            let scale = SpectrumScale(size: schedule.size)
            let greatest = schedule.greatestSide
            let isPlain = schedule.transforms == .none
            planeStride = PictureState.planeStride(schedule)
            paddedSide = isPlain ? schedule.size : schedule.size + 2 * TransformGeometry.padding
            // All are filled up, so that the next region starts at a multiple of 64 bytes.
            func pixels(_ count: Int) -> Int { (4 * count + 15) & ~15 }
            paddedCount = pixels(paddedSide * paddedSide)
            let framedSide = greatest + 2 * Rotation.margin
            framedCount = isPlain ? 0 : pixels(framedSide * framedSide)
            plainCount = pixels(greatest * greatest)
            lineCount = pixels(max(greatest, paddedSide))
            count =
                2 * scale.planeStride + scale.count + 3 * planeStride + paddedCount + framedCount + plainCount
                + lineCount
        }
    }
}
