// SPDX-License-Identifier: MIT

private import CFFTW
private import SystemSupport

/// Two-dimensional Fourier transforms of real planes of one size, without any normalisation.
///
/// A plane is `height` × `width` values. Its spectrum is `height` × `columns` complex numbers, real
/// and imaginary parts in turn; the other columns are their conjugates. Plans are estimated, never
/// measured, so that bits do not depend on timing.
@safe
public final class RealFourierTransform {
    /// The number of rows, of the plane and of its spectrum.
    public let height: Int
    /// The number of columns of the plane.
    public let width: Int
    private let toPlane: fftwf_plan
    private let toSpectrum: fftwf_plan

    /// FFTW's planner is one for the whole process; only the execution of plans is thread safe.
    private static let planner = Monitor<Void>(())

    /// Plans the transforms of a size.
    public init(height: Int, width: Int) throws(ComputeError) {
        self.height = height
        self.width = width
        let plane = try FloatBuffer(count: height * width)
        let spectrum = try FloatBuffer(count: height * (width / 2 + 1) * 2)
        let (rows, columns) = (Int32(height), Int32(width))
        // Estimating plans looks at the arrays' alignment alone.
        let inverse = unsafe Self.planner.withLock { _ in
            unsafe fftwf_plan_dft_c2r_2d(rows, columns, complex(spectrum.base), plane.base, FFTW_ESTIMATE)
        }
        guard let inverse = unsafe inverse else { throw Self.noPlan(height, width) }
        let forward = unsafe Self.planner.withLock { _ in
            unsafe fftwf_plan_dft_r2c_2d(rows, columns, plane.base, complex(spectrum.base), FFTW_ESTIMATE)
        }
        guard let forward = unsafe forward else {
            Self.planner.withLock { _ in unsafe fftwf_destroy_plan(inverse) }
            throw Self.noPlan(height, width)
        }
        unsafe toPlane = inverse
        unsafe toSpectrum = forward
    }

    deinit {
        Self.planner.withLock { _ in
            unsafe fftwf_destroy_plan(toPlane)
            unsafe fftwf_destroy_plan(toSpectrum)
        }
    }

    private static func noPlan(_ height: Int, _ width: Int) -> ComputeError {
        ComputeError(operation: "plan a Fourier transform of \(height) × \(width)", reason: "FFTW has no plan for it")
    }

    /// The number of complex columns of a spectrum.
    public var columns: Int { width / 2 + 1 }

    /// The number of values of a plane.
    public var planeCount: Int { height * width }

    /// The number of values of a spectrum, two for each complex number.
    public var spectrumCount: Int { height * columns * 2 }

    /// Writes the plane of a spectrum, which is lost.
    ///
    /// The imaginary parts of column 0, and of the last one where the width is even, do not count
    /// after the transform along the rows' numbers: a real plane has none.
    public func inverse(_ spectrum: FloatRegion, into plane: FloatRegion) {
        check(spectrum, plane)
        unsafe fftwf_execute_dft_c2r(toPlane, complex(spectrum.pointer), plane.pointer)
    }

    /// Writes the spectrum of a plane.
    public func forward(_ plane: FloatRegion, into spectrum: FloatRegion) {
        check(spectrum, plane)
        unsafe fftwf_execute_dft_r2c(toSpectrum, plane.pointer, complex(spectrum.pointer))
    }

    private func check(_ spectrum: FloatRegion, _ plane: FloatRegion) {
        precondition(spectrum.count >= spectrumCount && plane.count >= planeCount, "regions must fit")
        // Plans were made for arrays so aligned, and may use instructions that ask for it.
        let isAligned = unsafe Int(bitPattern: spectrum.pointer) % 64 == 0 && Int(bitPattern: plane.pointer) % 64 == 0
        precondition(isAligned, "regions must be aligned to 64 bytes")
    }
}

private func complex(_ values: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<fftwf_complex> {
    unsafe UnsafeMutableRawPointer(values).assumingMemoryBound(to: fftwf_complex.self)
}
