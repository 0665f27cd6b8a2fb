// SPDX-License-Identifier: MIT

private import Campaigns
private import FoundationEssentials

/// The result of a `lucid` job: a line of JSON that says what follows, then the pictures as PNG files, one after the other.
public struct LucidResultFile: Equatable, Sendable {
    /// A picture after one threshold.
    public struct Stage: Equatable, Sendable {
        /// The step after which it was kept.
        public let threshold: Int
        /// The objective of the written picture, without transforms.
        public let objective: Double
        /// The file's bytes.
        public let png: [UInt8]

        /// Describes a stage.
        public init(threshold: Int, objective: Double, png: [UInt8]) {
            self.threshold = threshold
            self.objective = objective
            self.png = png
        }
    }

    /// What became of one picture.
    public struct Picture: Equatable, Sendable {
        /// The neuron; nil for a direction.
        public let neuron: Int?
        /// Which of the neuron's pictures that are to differ.
        public let variant: Int
        /// The picture after each threshold that it reached.
        public let stages: [Stage]
        /// The objective at each step, of the transformed picture before the step.
        public let trace: [Double]
        /// Why it was given up, if it was.
        public let error: String?

        /// Describes what became of a picture.
        public init(neuron: Int?, variant: Int, stages: [Stage], trace: [Double], error: String?) {
            self.neuron = neuron
            self.variant = variant
            self.stages = stages
            self.trace = trace
            self.error = error
        }
    }

    /// The pictures, in the order of the job's neurons.
    public let pictures: [Picture]

    /// Puts pictures together.
    public init(pictures: [Picture]) {
        self.pictures = pictures
    }

    private struct Header: Codable {
        struct Stage: Codable {
            let threshold: Int
            let objective: Double
            let bytes: Int
        }

        struct Picture: Codable {
            let neuron: Int?
            let variant: Int
            let stages: [Stage]
            let trace: [Double]
            let error: String?
        }

        let format: Int
        let pictures: [Picture]
    }

    /// The file's bytes.
    ///
    /// - Throws: an error of encoding for numbers that are not finite, which no picture that is kept has.
    public func encoded() throws -> [UInt8] {
        let header = Header(
            format: 1,
            pictures: pictures.map { picture in
                Header.Picture(
                    neuron: picture.neuron,
                    variant: picture.variant,
                    stages: picture.stages.map {
                        Header.Stage(threshold: $0.threshold, objective: $0.objective, bytes: $0.png.count)
                    },
                    trace: picture.trace,
                    error: picture.error
                )
            }
        )
        let head = Array(try canonicalJSON(header)) + [UInt8(ascii: "\n")]
        return pictures.flatMap(\.stages).reduce(into: head) { $0 += $1.png }
    }

    /// Reads a file; nil where it is not one.
    public init?(decoding bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
            let header = try? JSONDecoder().decode(Header.self, from: Data(bytes[..<end])), header.format == 1
        else { return nil }
        var position = end + 1
        var pictures: [Picture] = []
        for picture in header.pictures {
            var stages: [Stage] = []
            for stage in picture.stages {
                guard (0...bytes.count - position).contains(stage.bytes) else { return nil }
                let png = Array(bytes[position..<position + stage.bytes])
                stages.append(Stage(threshold: stage.threshold, objective: stage.objective, png: png))
                position += stage.bytes
            }
            pictures.append(
                Picture(
                    neuron: picture.neuron,
                    variant: picture.variant,
                    stages: stages,
                    trace: picture.trace,
                    error: picture.error
                )
            )
        }
        guard position == bytes.count else { return nil }
        self.pictures = pictures
    }
}
