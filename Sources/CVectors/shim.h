// SPDX-License-Identifier: MIT
#pragma once

// What Swift's vectors have no single instruction for.

typedef float lucid_float4 __attribute__((ext_vector_type(4)));

/// The square roots of four numbers, which must not be negative; Swift takes them one by one.
static inline lucid_float4 lucid_square_roots(lucid_float4 values) { return __builtin_elementwise_sqrt(values); }
