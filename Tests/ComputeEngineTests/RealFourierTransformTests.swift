// SPDX-License-Identifier: MIT

import ComputeEngine
import Foundation
import Testing

@Suite("Real Fourier transforms", .timeLimit(.minutes(120)))
struct RealFourierTransformTests {
    private static let sizes = [(1, 1), (2, 2), (4, 4), (5, 7), (8, 6), (7, 8), (33, 32)]

    private func values(_ count: Int) -> [Float] {
        (0..<count).map { Float(($0 * 7919 + 104_729) % 1_000) / 500 - 1 }
    }

    private func region(_ values: [Float]) throws -> FloatRegion {
        let region = try FloatBuffer(count: values.count).all
        region.withMutableValues { span in
            for index in values.indices { span[index] = values[index] }
        }
        return region
    }

    private func array(_ region: FloatRegion) -> [Float] { region.withValues { span in span.indices.map { span[$0] } } }

    /// The wave of a frequency at a place.
    private func wave(_ product: Int, _ count: Int) -> (cosine: Double, sine: Double) {
        let angle = 2 * .pi * Double(product % count) / Double(count)
        return (cos(angle), sin(angle))
    }

    @Test("A plane's spectrum is that of the definition", arguments: sizes)
    func transforms(height: Int, width: Int) throws {
        let transform = try RealFourierTransform(height: height, width: width)
        let plane = values(height * width)
        let spectrum = try FloatBuffer(count: transform.spectrumCount).all
        let source = try region(plane)
        transform.forward(source, into: spectrum)
        #expect(array(source) == plane)
        let computed = array(spectrum)
        for v in 0..<height {
            for u in 0..<transform.columns {
                var (real, imaginary) = (0.0, 0.0)
                for index in plane.indices {
                    let (a, b) = (wave(v * (index / width), height), wave(u * (index % width), width))
                    real += Double(plane[index]) * (a.cosine * b.cosine - a.sine * b.sine)
                    imaginary -= Double(plane[index]) * (a.sine * b.cosine + a.cosine * b.sine)
                }
                let place = 2 * (v * transform.columns + u)
                // Rounding in float32 grows with the root of the number of terms, each below 1.
                let tolerance = 1e-6 * Double(plane.count).squareRoot()
                #expect(abs(Double(computed[place]) - real) <= tolerance)
                #expect(abs(Double(computed[place + 1]) - imaginary) <= tolerance)
            }
        }
    }

    @Test("There and back multiplies a plane by the number of its values", arguments: sizes)
    func returns(height: Int, width: Int) throws {
        let transform = try RealFourierTransform(height: height, width: width)
        let plane = values(height * width)
        let spectrum = try FloatBuffer(count: transform.spectrumCount).all
        transform.forward(try region(plane), into: spectrum)
        let back = try FloatBuffer(count: transform.planeCount).all
        transform.inverse(spectrum, into: back)
        let count = Float(plane.count)
        #expect(zip(array(back), plane).allSatisfy { abs($0 / count - $1) <= 1e-6 })
    }

    @Test("Threads that plan and transform at the same time get the same bits")
    func isThreadSafe() throws {
        let plane = values(96 * 96)
        let expected = try spectrum(of: plane, side: 96)
        try runTasks(64, threads: 4) { task in
            let side = task % 2 == 0 ? 96 : 32 + task
            let computed = try spectrum(of: values(side * side), side: side)
            if side == 96 { #expect(computed == expected) }
        }
    }

    private func spectrum(of plane: [Float], side: Int) throws -> [Float] {
        let transform = try RealFourierTransform(height: side, width: side)
        let spectrum = try FloatBuffer(count: transform.spectrumCount).all
        transform.forward(try region(plane), into: spectrum)
        return array(spectrum)
    }
}
