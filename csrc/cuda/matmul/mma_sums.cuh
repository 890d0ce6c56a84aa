// The float32 sums of mma.sync m16n8, as the rungs with a 64 x 32 part for each warp hold them.
#pragma once

#include "cuda/matmul/slabs.cuh"

namespace mt::matmul {

// A lane's sums of its warp's 64 x 32, in tiles of 16 x 8 (common/mma.cuh says which).
constexpr int MMA_ROWS = WM / 16, MMA_COLUMNS = WN / 8;
typedef float WarpSums[MMA_ROWS][MMA_COLUMNS][4];

// Calls give(m, n, two neighbours of a row) for a lane's sums; m and n count from the tile's.
template <class Give>
__device__ __forceinline__ void for_each_pair(const WarpSums& sums, Give give) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < MMA_ROWS; i++)
#pragma unroll
        for (int j = 0; j < MMA_COLUMNS; j++)
#pragma unroll
            for (int half = 0; half < 2; half++)
                give(warp_row() + i * 16 + half * 8 + lane / 4,
                     warp_column() + j * 8 + lane % 4 * 2, &sums[i][j][half * 2]);
}

}  // namespace mt::matmul
