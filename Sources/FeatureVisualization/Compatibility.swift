// SPDX-License-Identifier: MIT

/// Whose pictures are made.
public enum Compatibility: String, Codable, Hashable, Sendable {
    /// As torch-lucent makes them: shifts that fill with black, scaling between corners, PyTorch's Adam.
    case lucent
    /// As the original lucid for TensorFlow makes them: random crops, TensorFlow's scaling and Adam.
    case lucid
}

/// What happens to a picture before each look of the network at it.
public enum TransformSet: String, Codable, Hashable, Sendable {
    /// Padding, a shift, a change of scale, a rotation, a smaller shift.
    case standard
    /// Nothing: the network sees the picture itself.
    case none
}
