// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// A picture that is being made: its spectrum, which an optimiser changes step by step.
///
/// Each step writes the network's input with `writeInput`, then takes the gradient of the loss with
/// respect to that input through `descend`. One thread at a time works on a picture, with its own
/// workspace; nothing of the workspace survives between the two calls.
public final class PictureState {
    /// The rate of Adam.
    static let rate = 0.05

    /// What the picture's random numbers belong to.
    public let identity: PictureIdentity
    private let schedule: TransformSchedule
    /// The spectrum, as `SpectrumScale` lays it out.
    let spectrum: FloatRegion
    private let first: FloatRegion
    private let second: FloatRegion
    /// The colours at the step under way, as planes.
    private let image: FloatRegion
    private var stepUnderWay: Int?

    /// Takes the memory and draws the spectrum to start from.
    ///
    /// Throws `ComputeError` where there is no memory.
    public init(_ identity: PictureIdentity, _ schedule: TransformSchedule) throws {
        precondition(
            identity.seed == schedule.seed && identity.layer == schedule.layer,
            "the picture must be one of the schedule's"
        )
        self.identity = identity
        self.schedule = schedule
        let scale = SpectrumScale(size: schedule.size)
        let planes = 3 * Self.planeStride(schedule)
        let memory = try FloatBuffer(count: 3 * scale.count + planes)
        spectrum = memory.region(offset: 0, count: scale.count)
        first = memory.region(offset: scale.count, count: scale.count)
        second = memory.region(offset: 2 * scale.count, count: scale.count)
        image = memory.region(offset: 3 * scale.count, count: planes)
        scale.writeStart(spectrum, from: identity.draws(for: .spectrum, step: 0))
    }

    /// The memory that a picture takes.
    public static func byteCount(for schedule: TransformSchedule) -> Int {
        (3 * SpectrumScale(size: schedule.size).count + 3 * planeStride(schedule)) * MemoryLayout<Float>.stride
    }

    /// The number of values from a plane of colours to the next: planes start at multiples of 64 bytes.
    static func planeStride(_ schedule: TransformSchedule) -> Int {
        (schedule.size * schedule.size + 15) & ~15
    }

    /// Writes the network's input of a step: three planes of the schedule's side.
    public func writeInput(step: Int, into input: inout MutableSpan<Float>, using workspace: PictureWorkspace) {
        precondition(workspace.fits(schedule), "the workspace must be one for pictures of this kind")
        precondition(step >= 1, "steps are counted from 1")
        writeColors(using: workspace)
        switch schedule.transforms {
        case .none: writeNetworkInput(workspace.picture, into: &input)
        case .standard:
            let path = TransformPath(schedule.choices(for: identity, step: step), schedule)
            writeNetworkInput(path.transform(in: workspace), into: &input)
        }
        stepUnderWay = step
    }

    /// Moves the picture against the gradient of the loss with respect to the input just written.
    ///
    /// - Returns: Whether the gradient was finite, all the way to the spectrum. Otherwise nothing has
    ///   changed, and the step may be done again.
    public func descend(step: Int, along gradient: Span<Float>, using workspace: PictureWorkspace) -> Bool {
        precondition(step == stepUnderWay, "the input of the step must have been written")
        precondition(workspace.fits(schedule), "the workspace must be one for pictures of this kind")
        guard writeSpectrumGradient(step: step, gradient, using: workspace) else { return false }
        let form: AdamStep.Form = schedule.compatibility == .lucent ? .correctedRoot : .rawRoot
        AdamStep(step, rate: Self.rate, form: form)
            .apply(gradient: workspace.spectrum, to: spectrum, first: first, second: second)
        stepUnderWay = nil
        return true
    }

    /// The picture as bytes, row by row, three a pixel; fractions are cut off.
    public func pixels(using workspace: PictureWorkspace) -> [UInt8] {
        precondition(workspace.fits(schedule), "the workspace must be one for pictures of this kind")
        precondition(stepUnderWay == nil, "a step under way needs the colours that this would replace")
        writeColors(using: workspace)
        let area = schedule.size * schedule.size
        let stride = Self.planeStride(schedule)
        return image.withValues { values in
            [UInt8](capacity: 3 * area) { bytes in
                for index in 0..<area {
                    for channel in 0..<3 { bytes.append(UInt8(values[channel * stride + index] * 255)) }
                }
            }
        }
    }

    /// Writes the colours of the spectrum, as planes here and as pixels there.
    private func writeColors(using workspace: PictureWorkspace) {
        multiplyPlanes(spectrum, by: workspace.forward, into: workspace.spectrum)
        for plane in 0..<3 {
            workspace.fourier.inverse(workspace.spectrumPlane(plane), into: workspace.plane(plane))
        }
        workspace.colors.colors(of: workspace.planes, into: image, and: workspace.picture)
    }

    /// Leaves the spectrum's gradient in the workspace; says whether everything was finite.
    private func writeSpectrumGradient(
        step: Int,
        _ gradient: Span<Float>,
        using workspace: PictureWorkspace
    ) -> Bool {
        let pixels: PixelGrid
        switch schedule.transforms {
        case .none:
            pixels = workspace.plain(schedule.size)
            guard readInputGradient(gradient, into: pixels) else { return false }
        case .standard:
            let path = TransformPath(schedule.choices(for: identity, step: step), schedule)
            guard readInputGradient(gradient, into: path.gradientStart(in: workspace)) else { return false }
            pixels = path.transformGradient(in: workspace)
        }
        workspace.colors.gradient(of: pixels, at: image, into: workspace.planes)
        for plane in 0..<3 {
            workspace.fourier.forward(workspace.plane(plane), into: workspace.spectrumPlane(plane))
        }
        return multiplyPlanes(workspace.spectrum, by: workspace.backward, into: workspace.spectrum)
    }
}
