// float32 products on tensor cores, for k14_mma_tf32 and k15_mma_3xtf32: mma.sync m16n8k8, whose
// operands are TF32, floats rounded to 10 bits of mantissa.
//
// A float is hi + lo + rest, hi = tf32(x), lo = tf32(x - hi): 11 bits of significand each, and
// |rest| <= 2^-22 |x|. Then
//
//   a b  =  hi hi' + (hi lo' + lo hi') + O(2^-22 |a b|)
//
// with three products (3xTF32) is what a float product is, nearly, while one product (TF32) is off
// by up to 2^-10 |a b|. An infinite x has no lo (inf - inf): 3xTF32 makes a NaN of it where float32
// arithmetic may give an infinity.
//
// The tensor core cuts its sums off instead of rounding them, so an error grows in proportion to
// the number of sums rather than to its root. 3xTF32 therefore drains: it sums one slab on the
// tensor core, from zero, and adds that to the float32 sums by ordinary, rounding additions.
#pragma once

#include "cuda/matmul/mma_sums.cuh"

namespace mt::matmul {

template <bool A_ALONG, bool B_ALONG, int BK, int STAGES>
using Tf32Ring = SlabRing<float, MMA_BM, MMA_BN, BK, A_ALONG, B_ALONG, STAGES, MMA_THREADS>;

// N elements of a fragment, taken apart; `lo` stays unused in plain TF32.
template <int N>
struct Parts {
    float hi[N], lo[N];
    __device__ __forceinline__ void set(int e, float x) {
        hi[e] = ptx::to_tf32(x);
        lo[e] = ptx::to_tf32(x - hi[e]);
    }
};

// sums += the products of a stage. The small products come first.
template <bool THREE, int BK, class Stage>
__device__ __forceinline__ void multiply_tf32(WarpSums& sums, const Stage& stage) {
    const int row = warp_row(), column = warp_column();
    const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
#pragma unroll
    for (int k = 0; k < BK; k += 8) {
        Parts<4> a[MMA_ROWS];
        Parts<2> b[MMA_COLUMNS];
#pragma unroll
        for (int i = 0; i < MMA_ROWS; i++)
#pragma unroll
            for (int e = 0; e < 4; e++)
                a[i].set(e, *stage.a.at(row + i * 16 + g + e % 2 * 8, k + t + e / 2 * 4));
#pragma unroll
        for (int j = 0; j < MMA_COLUMNS; j++)
#pragma unroll
            for (int e = 0; e < 2; e++) b[j].set(e, *stage.b.at(column + j * 8 + g, k + t + e * 4));
#pragma unroll
        for (int i = 0; i < MMA_ROWS; i++)
#pragma unroll
            for (int j = 0; j < MMA_COLUMNS; j++) {
                if constexpr (THREE) {
                    ptx::mma_tf32(sums[i][j], a[i].lo, b[j].hi);
                    ptx::mma_tf32(sums[i][j], a[i].hi, b[j].lo);
                }
                ptx::mma_tf32(sums[i][j], a[i].hi, b[j].hi);
            }
    }
}

// The same for a slab of its own, drained into `sums`.
template <int BK, class Stage>
__device__ __forceinline__ void multiply_3xtf32(WarpSums& sums, const Stage& stage) {
    WarpSums slab = {};
    multiply_tf32<true, BK>(slab, stage);
#pragma unroll
    for (int i = 0; i < MMA_ROWS; i++)
#pragma unroll
        for (int j = 0; j < MMA_COLUMNS; j++)
#pragma unroll
            for (int e = 0; e < 4; e++) sums[i][j][e] += slab[i][j][e];
}

inline std::string supports_tf32(const Matmul& p) {
    if (p.dtype != Dtype::float32) return "TF32 is a way to multiply float32";
    return supports_majors(p);
}

}  // namespace mt::matmul
