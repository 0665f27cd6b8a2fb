// SPDX-License-Identifier: MIT

/// One picture's transforms at one step, from the padded picture to what the network sees, and gradients back.
struct TransformPath {
    private let geometry: TransformGeometry
    private let before: (x: AxisMap, y: AxisMap)
    private let after: (x: AxisMap, y: AxisMap)
    private let rotation: Rotation

    init(_ choices: TransformChoices, _ schedule: TransformSchedule) {
        geometry = schedule.geometry(scale: choices.scaleIndex)
        before = (
            geometry.mapBeforeRotation(jitter: choices.firstJitter.x),
            geometry.mapBeforeRotation(jitter: choices.firstJitter.y)
        )
        after = (
            geometry.mapAfterRotation(jitter: choices.secondJitter.x),
            geometry.mapAfterRotation(jitter: choices.secondJitter.y)
        )
        rotation = Rotation(side: geometry.rotatedSide, degrees: choices.degrees)
    }

    /// Transforms the workspace's padded picture; the outcome lies in the workspace.
    func transform(in workspace: PictureWorkspace) -> PixelGrid {
        let framed = workspace.framed(geometry.rotatedSide)
        framed.clearFrame(width: Rotation.margin)
        resample(
            workspace.padded,
            rows: AxisTaps(before.y),
            columns: AxisTaps(before.x),
            into: framed.inset(by: Rotation.margin),
            line: workspace.line
        )
        let rotated = workspace.plain(geometry.rotatedSide)
        rotation.apply(framed, into: rotated)
        let seen = workspace.plainInFramed(geometry.finalSide)
        resample(rotated, rows: AxisTaps(after.y), columns: AxisTaps(after.x), into: seen, line: workspace.line)
        return seen
    }

    /// Where the gradient of what the network sees is to be put.
    func gradientStart(in workspace: PictureWorkspace) -> PixelGrid {
        workspace.plainInFramed(geometry.finalSide)
    }

    /// Takes that gradient back to the picture without its border; the outcome lies in the workspace.
    func transformGradient(in workspace: PictureWorkspace) -> PixelGrid {
        let rotated = workspace.plain(geometry.rotatedSide)
        let all = 0..<geometry.rotatedSide
        resample(
            gradientStart(in: workspace),
            rows: AxisTaps(after.y.transposed(inputs: all)),
            columns: AxisTaps(after.x.transposed(inputs: all)),
            into: rotated,
            line: workspace.line
        )
        let framed = workspace.framed(geometry.rotatedSide)
        rotation.applyTransposed(rotated, into: framed)
        let picture = workspace.plain(geometry.size)
        let inside = TransformGeometry.padding..<(TransformGeometry.padding + geometry.size)
        resample(
            framed.inset(by: Rotation.margin),
            rows: AxisTaps(before.y.transposed(inputs: inside)),
            columns: AxisTaps(before.x.transposed(inputs: inside)),
            into: picture,
            line: workspace.line
        )
        return picture
    }
}
