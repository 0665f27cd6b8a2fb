// SPDX-License-Identifier: MIT

public import SystemSupport

extension CampaignManifest {
    /// A data set as it was when its campaign was submitted: what a report says of the images.
    public struct Dataset: Codable, Equatable, Sendable {
        /// A table of the images in the cache of data sets: what becomes `images.csv`.
        public let table: ContentDigest
        /// How many images it has, without those that were left out.
        public let count: Int
        /// How many images were left out because they cannot be read.
        public let skipped: Int
        /// The first of them.
        public let skippedImages: [SkippedImage]
        /// What the images are labelled with, in the order of the list's columns.
        public let labels: [Label]

        /// Describes a data set.
        public init(
            table: ContentDigest,
            count: Int,
            skipped: Int,
            skippedImages: [SkippedImage],
            labels: [Label]
        ) {
            self.table = table
            self.count = count
            self.skipped = skipped
            self.skippedImages = skippedImages
            self.labels = labels
        }
    }

    /// An image that was left out.
    public struct SkippedImage: Codable, Equatable, Sendable {
        /// Its name in the data set.
        public let image: String
        /// Why it cannot be read.
        public let reason: String

        /// Names an image.
        public init(image: String, reason: String) {
            self.image = image
            self.reason = reason
        }
    }

    /// A label, and how many images have which value of it.
    public struct Label: Codable, Equatable, Sendable {
        /// A value.
        public struct Count: Codable, Equatable, Sendable {
            /// The value; empty for images of which nothing is said.
            public let value: String
            /// How many images have it.
            public let count: Int
        }

        /// The label's name.
        public let label: String
        /// The values, numbers ascending or else in the order of their bytes; none where they are too many to be classes.
        public let counts: [Count]

        /// How many different values are counted; a column with more holds no classes but names or measures.
        public static let mostValues = 1000

        /// Counts the values that images have.
        public init(_ label: String, values: some Sequence<String>) {
            self.label = label
            var counts: [String: Int] = [:]
            for value in values {
                counts[value, default: 0] += 1
                if counts.count > Self.mostValues { break }
            }
            guard counts.count <= Self.mostValues else {
                self.counts = []
                return
            }
            self.counts = Self.sorted(counts.keys).map { Count(value: $0, count: counts[$0] ?? 0) }
        }

        private static func sorted(_ values: some Sequence<String>) -> [String] {
            let values = values.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            let numbers = values.map { $0.isEmpty ? -Double.infinity : Double($0) }
            guard numbers.allSatisfy({ $0.map { !$0.isNaN } ?? false }) else { return values }
            return zip(values, numbers.map { $0 ?? 0 }).sorted { $0.1 < $1.1 }.map(\.0)
        }
    }
}
