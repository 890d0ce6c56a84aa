// 16-bit products by mma.sync m16n8k16, for k12_mma and k16_stream_k.
#pragma once

#include "cuda/matmul/mma_sums.cuh"

namespace mt::matmul {

// Four 8 x 8 matrices of a slab. Lane 8q + r points at row r of matrix q, which begins at (i, k).
template <class Slab>
__device__ __forceinline__ void load_fragments(std::uint32_t (&r)[4], const Slab& slab, int i,
                                               int k) {
    const int lane_row = threadIdx.x % 8;
    if constexpr (Slab::ALONG)
        ptx::load_matrix(r, slab.at(i + lane_row, k));
    else
        ptx::load_matrix_transposed(r, slab.at(i, k + lane_row));
}

__device__ __forceinline__ void mma(float16, float (&d)[4], const std::uint32_t (&a)[4],
                                    const std::uint32_t (&b)[2]) {
    ptx::mma_f16(d, a, b);
}
__device__ __forceinline__ void mma(bfloat16, float (&d)[4], const std::uint32_t (&a)[4],
                                    const std::uint32_t (&b)[2]) {
    ptx::mma_bf16(d, a, b);
}

// sums += the products of a stage.
template <class T, int BK, class Stage>
__device__ __forceinline__ void multiply16(WarpSums& sums, const Stage& stage) {
    const int row = warp_row(), column = warp_column(), lane = threadIdx.x % 32;
    // The matrix that this lane points into: of a by columns, rows 0, 8 first; of b k 0, 8 first.
    const int low = lane / 8 % 2 * 8, high = lane / 16 * 8;
#pragma unroll
    for (int k = 0; k < BK; k += 16) {
        std::uint32_t a[MMA_ROWS][4], b[MMA_COLUMNS / 2][4];
#pragma unroll
        for (int i = 0; i < MMA_ROWS; i++)
            load_fragments(a[i], stage.a, row + i * 16 + low, k + high);
#pragma unroll
        for (int j = 0; j < MMA_COLUMNS / 2; j++)
            load_fragments(b[j], stage.b, column + j * 16 + high, k + low);
#pragma unroll
        for (int i = 0; i < MMA_ROWS; i++)
#pragma unroll
            for (int j = 0; j < MMA_COLUMNS; j++)
                mma(T(), sums[i][j], a[i], {b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]});
    }
}

}  // namespace mt::matmul
