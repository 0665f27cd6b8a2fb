// SPDX-License-Identifier: MIT

internal import Campaigns
internal import ComputeEngine
internal import Datasets
internal import Networks
internal import SystemSupport
internal import TensorStorage

/// How activations and Gram matrices lie in Zarr arrays.
enum ArrayLayouts {
    /// The most bytes of a chunk of activations that has more than one channel.
    static let chunkBytes = 65_536
    /// The effort of zstd: on shuffled activations its quickest level makes them as small as level 1, and sooner;
    /// as they are, it would not make them smaller at all.
    static func level(_ options: Campaign.ArrayOptions) -> Int { codec(options) == .shuffleZstd ? -1 : 1 }

    /// Channels of a chunk: as few chunks as fit the size, all about equally large.
    static func channelsPerChunk(_ layer: Layer) -> Int {
        channelsPerChunk(of: layer.neuronCount, values: layer.side * layer.side)
    }

    private static func channelsPerChunk(of channels: Int, values: Int) -> Int {
        let most = max(1, chunkBytes / (values * 4))
        let chunks = (channels + most - 1) / most
        return (channels + chunks - 1) / chunks
    }

    /// Activations of another program: rows as they are, or flat where a channel is larger than a chunk or axes are many.
    ///
    /// - Throws: `TensorFileError` for sizes that no array has.
    static func imported(_ payload: ImportPayload) throws -> ArrayMetadata {
        guard payload.rowShape.allSatisfy({ (1...1 << 28).contains($0) }), payload.rowShape.count < 32 else {
            throw TensorFileError.refused(format: "Zarr", reason: "its rows have the shape \(payload.rowShape)")
        }
        let values = payload.rowShape.dropFirst().reduce(1, *)
        let isFlat = values * 4 > chunkBytes || !(1...4).contains(payload.rowShape.count)
        let row = isFlat ? [payload.rowShape.reduce(1, *)] : payload.rowShape
        let map = Array(row.dropFirst())
        let channels = channelsPerChunk(of: row[0], values: isFlat ? 1 : values)
        let chunks = (row[0] + channels - 1) / channels
        return try ArrayMetadata(
            shape: [payload.count] + row,
            shardShape: [payload.shardRows, channels * chunks] + map,
            chunkShape: [1, channels] + map,
            elementType: elementType(payload.options),
            codec: codec(payload.options),
            level: level(payload.options),
            attributes: [
                "layer": .string(payload.layer),
                "rows": .string(payload.rows.hexadecimal),
                "row_shape": .array(payload.rowShape.map { .integer($0) }),
            ],
            dimensionNames: ["image"] + row.indices.map { "axis_\($0 + 1)" }
        )
    }

    /// A layer's activations: images, channels, rows, columns, in shards of whole images.
    static func activations(_ layer: Layer, _ payload: ActivationsPayload) throws -> ArrayMetadata {
        let channels = channelsPerChunk(layer)
        let chunks = (layer.neuronCount + channels - 1) / channels
        let map = layer.window == nil ? [] : [layer.side, layer.side]
        return try ArrayMetadata(
            shape: [payload.imageCount, layer.neuronCount] + map,
            shardShape: [payload.shardRows, channels * chunks] + map,
            chunkShape: [1, channels] + map,
            elementType: elementType(payload.options),
            codec: codec(payload.options),
            level: level(payload.options),
            attributes: [
                "layer": .string(layer.name),
                "weights": .string(payload.weights.hexadecimal),
                "batch_norm": .bool(payload.batchNorm),
                "image_set": .string(payload.imageSet.hexadecimal),
                "preprocessing": .string(Preprocessor.identity),
                "engine": .string(CPUEngine.version),
                "instruction_set": .string(CPUEngine.instructionSet),
            ],
            dimensionNames: ["image", "channel"] + (map.isEmpty ? [] : ["row", "column"])
        )
    }

    /// A Gram matrix, in shards of a panel of rows.
    static func gram(_ payload: GramPayload) throws -> ArrayMetadata {
        let columns = min(payload.count, GramLayout.panelRows)
        let wide = (payload.count + columns - 1) / columns * columns
        let rows = min(payload.count, GramLayout.chunkRows)
        let panel = min((payload.count + rows - 1) / rows * rows, GramLayout.panelRows)
        return try ArrayMetadata(
            shape: [payload.count, payload.count],
            shardShape: [panel, wide],
            chunkShape: [rows, columns],
            elementType: .float32,
            codec: codec(payload.options),
            level: level(payload.options),
            attributes: [
                "activations": .string(payload.activations.hexadecimal),
                "rows": .string(payload.rows.hexadecimal),
                "centred": .bool(true),
                "engine": .string(CPUEngine.version),
                "instruction_set": .string(CPUEngine.instructionSet),
            ],
            dimensionNames: ["image", "other_image"]
        )
    }

    private static func elementType(_ options: Campaign.ArrayOptions) -> ElementType {
        options.dtype == "float16" ? .float16 : .float32
    }

    private static func codec(_ options: Campaign.ArrayOptions) -> ChunkCompression {
        options.codec == "zstd" ? .zstd : .shuffleZstd
    }
}
