// SPDX-License-Identifier: MIT

internal import COneDNN
private import COpenBLAS

/// Matrix products on the calling thread alone, so that their bits do not depend on the number of threads.
public enum MatrixProducts {
    /// The product of `rows` × `depth` and the transpose of `columns` × `depth`, float32, row-major: out = a · bᵀ.
    public static func multiplyTransposed(
        _ a: FloatRegion,
        rows: Int,
        _ b: FloatRegion,
        columns: Int,
        depth: Int,
        into product: FloatRegion
    ) throws(ComputeError) {
        precondition(a.count >= rows * depth && b.count >= columns * depth, "the factors must be whole")
        precondition(product.count >= rows * columns, "the product must fit")
        let (m, n, k) = (Int64(rows), Int64(columns), Int64(depth))
        try check(
            unsafe dnnl_sgemm(78, 84, m, n, k, 1, a.pointer, k, b.pointer, k, 0, product.pointer, n),  // 'N', 'T'
            "multiply matrices"
        )
    }

    /// Adds a · aᵀ of a row-major float64 matrix of `rows` × `depth` to the lower triangle of `sum`, `rows` × `rows`.
    public static func addLowerProduct(_ a: [Double], rows: Int, depth: Int, to sum: inout [Double]) {
        precondition(a.count >= rows * depth && sum.count == rows * rows, "the factors must be whole")
        _ = CPUEngine.openBLASRunsOnOneThread
        unsafe cblas_dsyrk(
            CblasRowMajor,
            CblasLower,
            CblasNoTrans,
            Int32(rows),
            Int32(depth),
            1,
            a,
            Int32(depth),
            1,
            &sum,
            Int32(rows)
        )
    }
}
