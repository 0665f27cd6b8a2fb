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
        return try rows(
            row,
            of: payload.count,
            channels: channelsPerChunk(of: row[0], values: isFlat ? 1 : values),
            shardRows: payload.shardRows,
            payload.options,
            attributes: [
                "layer": .string(payload.layer), "row_shape": .array(payload.rowShape.map { .integer($0) }),
            ],
            axes: row.indices.map { "axis_\($0 + 1)" }
        )
    }

    /// A layer's activations: images, channels, rows, columns, in shards of whole images.
    static func activations(_ layer: Layer, _ payload: ActivationsPayload) throws -> ArrayMetadata {
        let map = layer.window == nil ? [] : [layer.side, layer.side]
        return try rows(
            [layer.neuronCount] + map,
            of: payload.imageCount,
            channels: channelsPerChunk(layer),
            shardRows: payload.shardRows,
            payload.options,
            attributes: [
                "layer": .string(layer.name),
                "weights": .string(payload.weights.hexadecimal),
                "batch_norm": .bool(payload.batchNorm),
                "image_set": .string(payload.imageSet.hexadecimal),
                "preprocessing": .string(Preprocessor.identity),
                "engine": .string(CPUEngine.version),
                "instruction_set": .string(CPUEngine.instructionSet),
            ],
            axes: ["channel"] + (map.isEmpty ? [] : ["row", "column"])
        )
    }

    /// An array of so many rows, one an image, in chunks of some channels of one row and shards of whole rows.
    private static func rows(
        _ row: [Int],
        of count: Int,
        channels: Int,
        shardRows: Int,
        _ options: Campaign.ArrayOptions,
        attributes: [String: JSONValue],
        axes: [String]
    ) throws -> ArrayMetadata {
        let (chunks, map) = ((row[0] + channels - 1) / channels, Array(row.dropFirst()))
        return try ArrayMetadata(
            shape: [count] + row,
            shardShape: [shardRows, channels * chunks] + map,
            chunkShape: [1, channels] + map,
            elementType: options.dtype == "float16" ? .float16 : .float32,
            codec: codec(options),
            level: level(options),
            attributes: attributes,
            dimensionNames: ["image"] + axes
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

    private static func codec(_ options: Campaign.ArrayOptions) -> ChunkCompression {
        options.codec == "zstd" ? .zstd : .shuffleZstd
    }
}
