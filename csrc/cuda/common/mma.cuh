// Tensor cores, one warp at a time: ldmatrix, stmatrix, mma.sync. Twin: emulate/mma.hpp.
//
// All 32 lanes of the warp call together. With g = lane / 4 and t = lane % 4, a lane holds
//
//   mma_f16, mma_bf16   d (16x8) += a (16x16) b (16x8); a register has two neighbours along k
//     a[0..3]: rows g, g+8, g, g+8;  k = 2t and 2t+1, then (a[2], a[3]) 2t+8 and 2t+9
//     b[0..1]: column g;             k = 2t and 2t+1, then 2t+8 and 2t+9
//     d[0..3]: rows g, g, g+8, g+8;  columns 2t, 2t+1, 2t, 2t+1
//   mma_tf32            d (16x8) += a (16x8) b (8x8); a register is one float, as to_tf32 gives it
//     a[0..3]: rows g, g+8, g, g+8;  k = t, t, t+4, t+4
//     b[0..1]: column g;             k = t, t+4
//     d as above
//   mma_f64             d (8x8) += a (8x4) b (4x8)
//     a: row g, k = t;  b: column g, k = t;  d[0..1]: row g, columns 2t, 2t+1
//
// load_matrix<N>(r, row) loads N = 1, 2 or 4 matrices of 8 x 8 16-bit elements: lane 8i + j gives
// the address of row j of matrix i (16 bytes, aligned to 16; lanes from 8N on are ignored, but must
// come), and r[i] becomes the elements 2t and 2t+1 of row g of matrix i: what mma wants of a stored
// by rows, or b by columns. load_matrix_transposed gives rows 2t and 2t+1 of column g.
// A row of 4 floats moves the same way: r[i] is then element t of row g.
// store_matrix(r, row) and store_matrix_transposed are the ways back.
#pragma once

#include <cstdint>

#include "cuda/common/address.cuh"

namespace mt::ptx {

// ---- ldmatrix -----------------------------------------------------------------------------------

template <int N>
__device__ __forceinline__ void load_matrix(std::uint32_t (&r)[N], const void* row) {
    static_assert(N == 1 || N == 2 || N == 4, "ldmatrix moves 1, 2 or 4 matrices");
    if constexpr (N == 1)
        asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];"
                     : "=r"(r[0])
                     : "r"(shared_address(row))
                     : "memory");
    else if constexpr (N == 2)
        asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                     : "=r"(r[0]), "=r"(r[1])
                     : "r"(shared_address(row))
                     : "memory");
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                     : "r"(shared_address(row))
                     : "memory");
}
template <int N>
__device__ __forceinline__ void load_matrix_transposed(std::uint32_t (&r)[N], const void* row) {
    static_assert(N == 1 || N == 2 || N == 4, "ldmatrix moves 1, 2 or 4 matrices");
    if constexpr (N == 1)
        asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];"
                     : "=r"(r[0])
                     : "r"(shared_address(row))
                     : "memory");
    else if constexpr (N == 2)
        asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                     : "=r"(r[0]), "=r"(r[1])
                     : "r"(shared_address(row))
                     : "memory");
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                     : "r"(shared_address(row))
                     : "memory");
}

// ---- stmatrix (compute capability 9.0)

template <int N>
__device__ __forceinline__ void store_matrix(const std::uint32_t (&r)[N], void* row) {
    static_assert(N == 1 || N == 2 || N == 4, "stmatrix moves 1, 2 or 4 matrices");
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    if constexpr (N == 1)
        asm volatile(
            "stmatrix.sync.aligned.m8n8.x1.shared.b16 [%0], {%1};" ::"r"(shared_address(row)),
            "r"(r[0])
            : "memory");
    else if constexpr (N == 2)
        asm volatile(
            "stmatrix.sync.aligned.m8n8.x2.shared.b16 [%0], {%1, %2};" ::"r"(shared_address(row)),
            "r"(r[0]), "r"(r[1])
            : "memory");
    else
        asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(
                         shared_address(row)),
                     "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3])
                     : "memory");
#else
    unsupported();
#endif
}
template <int N>
__device__ __forceinline__ void store_matrix_transposed(const std::uint32_t (&r)[N], void* row) {
    static_assert(N == 1 || N == 2 || N == 4, "stmatrix moves 1, 2 or 4 matrices");
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    if constexpr (N == 1)
        asm volatile(
            "stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 [%0], {%1};" ::"r"(shared_address(row)),
            "r"(r[0])
            : "memory");
    else if constexpr (N == 2)
        asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%0], {%1, %2};" ::"r"(
                         shared_address(row)),
                     "r"(r[0]), "r"(r[1])
                     : "memory");
    else
        asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(
                         shared_address(row)),
                     "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3])
                     : "memory");
#else
    unsupported();
#endif
}

// ---- mma.sync -----------------------------------------------------------------------------------

// To 10 bits of mantissa, to the nearest, ties away from zero. mma_tf32 ignores the other 13 bits:
// a float that has not been through here is truncated.
__device__ __forceinline__ float to_tf32(float x) {
    std::uint32_t rounded;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(x));
    return __uint_as_float(rounded);
}

__device__ __forceinline__ void mma_f16(float (&d)[4], const std::uint32_t (&a)[4],
                                        const std::uint32_t (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ __forceinline__ void mma_bf16(float (&d)[4], const std::uint32_t (&a)[4],
                                         const std::uint32_t (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ __forceinline__ void mma_tf32(float (&d)[4], const float (&a)[4], const float (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
          "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
}
__device__ __forceinline__ void mma_f64(double (&d)[2], double a, double b) {
    asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, {%0, %1};"
                 : "+d"(d[0]), "+d"(d[1])
                 : "d"(a), "d"(b));
}

}  // namespace mt::ptx
