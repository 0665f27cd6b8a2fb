// SPDX-License-Identifier: MIT

private import Campaigns
private import FoundationEssentials

/// The result of an `exemplars` job: a line of JSON that says what follows, then small copies of images as PNG files.
public struct ExemplarsResultFile: Equatable, Sendable {
    /// An image that drives a neuron.
    public struct Exemplar: Codable, Equatable, Sendable {
        /// The image's row in the array of activations.
        public let row: Int
        /// The objective there.
        public let value: Double
    }

    /// A neuron and the images that drive it most, the strongest first.
    public struct Neuron: Codable, Equatable, Sendable {
        /// The neuron; nil for a direction.
        public let neuron: Int?
        /// The images.
        public let exemplars: [Exemplar]
    }

    /// A small copy of an image.
    public struct Image: Equatable, Sendable {
        /// The image's row in the array of activations.
        public let row: Int
        /// The path of its file below the deepest folder that all images of the array are in.
        public let name: String
        /// The copy.
        public let png: [UInt8]
    }

    /// The neurons, in the job's order.
    public let neurons: [Neuron]
    /// Each image that some neuron names, by row.
    public let images: [Image]

    init(neurons: [Neuron], images: [Image]) {
        self.neurons = neurons
        self.images = images
    }

    private struct Header: Codable {
        struct Image: Codable {
            let row: Int
            let image: String
            let bytes: Int
        }

        let format: Int
        let neurons: [Neuron]
        let images: [Image]
    }

    /// The file's bytes.
    ///
    /// - Throws: an error of encoding for numbers that are not finite, which no exemplar has.
    public func encoded() throws -> [UInt8] {
        let header = Header(
            format: 1,
            neurons: neurons,
            images: images.map { Header.Image(row: $0.row, image: $0.name, bytes: $0.png.count) }
        )
        let head = Array(try canonicalJSON(header)) + [UInt8(ascii: "\n")]
        return images.reduce(into: head) { $0 += $1.png }
    }

    /// Reads a file; nil where it is not one.
    public init?(decoding bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
            let header = try? JSONDecoder().decode(Header.self, from: Data(bytes[..<end])), header.format == 1
        else { return nil }
        var position = end + 1
        var images: [Image] = []
        for image in header.images {
            guard (0...bytes.count - position).contains(image.bytes) else { return nil }
            let png = Array(bytes[position..<position + image.bytes])
            images.append(Image(row: image.row, name: image.image, png: png))
            position += image.bytes
        }
        let rows = Set(images.map(\.row))
        guard position == bytes.count, header.neurons.allSatisfy({ $0.exemplars.allSatisfy { rows.contains($0.row) } })
        else { return nil }
        neurons = header.neurons
        self.images = images
    }
}
