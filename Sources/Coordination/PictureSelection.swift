// SPDX-License-Identifier: MIT

internal import Campaigns
private import Networks
internal import SystemPackage
internal import SystemSupport
private import TensorStorage

/// The pictures that a campaign asks for, with the file of a direction read and checked.
struct PictureSelection {
    /// The direction's file, where one is pictured.
    let direction: [UInt8]?

    private let pictures: Campaign.Pictures

    /// Reads what the campaign names; nil where it asks for no pictures.
    init?(_ asked: Campaign, file: FilePath) throws {
        guard let pictures = asked.lucid else { return nil }
        self.pictures = pictures
        direction = try pictures.direction.map { name in
            do throws(DirectionError) {
                return try Self.read(name, beside: file, pictures.neurons.first?.layer)
            } catch {
                throw SubmissionError(file, line: pictures.place.line, column: pictures.place.column, error.message)
            }
        }
    }

    /// Why a direction cannot be used, in words; where in the campaign file is added once.
    private struct DirectionError: Error {
        let message: String
    }

    /// Reads a direction in a layer's space, and checks its numbers.
    private static func read(
        _ name: String,
        beside file: FilePath,
        _ layer: String?
    ) throws(DirectionError) -> [UInt8] {
        let path = Coordination.path(name, beside: file)
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try LocalFileSystem().contents(ofUserFile: path, limit: byteLimit)
        } catch { throw DirectionError(message: "\(error)") }
        let array: NumPyFile
        do throws(TensorFileError) { array = try NumPyFile(parsing: bytes) } catch {
            throw DirectionError(message: "\"\(path)\": \(error)")
        }
        let layer = layer.flatMap { InceptionV1.layer(named: $0) }
        guard let layer, array.shape.reduce(1, *) == layer.neuronCount else {
            throw DirectionError(
                message: "the direction \"\(name)\" has the shape \(array.shape), "
                    + "but \(layer?.name ?? "the layer") has \(counted(layer?.neuronCount ?? 0, "channel")): one number for "
                    + "each is needed"
            )
        }
        let factors = array.floats
        guard factors.allSatisfy(\.isFinite), factors.contains(where: { $0 != 0 }) else {
            throw DirectionError(
                message: "the direction \"\(name)\" must have numbers that are finite in float32, not zeros alone"
            )
        }
        return bytes
    }

    /// The largest layer has a thousand channels; float64 and a long header fit.
    private static let byteLimit = 1 << 20

    /// The pictures, for the manifest.
    func described(_ keep: ([UInt8]) -> ContentDigest) -> CampaignManifest.Pictures {
        CampaignManifest.Pictures(
            models: pictures.models,
            neurons: pictures.neurons,
            settings: pictures.settings,
            direction: direction.map(keep)
        )
    }
}
