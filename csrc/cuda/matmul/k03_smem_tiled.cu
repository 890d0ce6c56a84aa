// k03_smem_tiled
// Idea:     a block computes a 32 x 32 tile of y together. It brings a 32 x 32 tile of a and one
//           of b into shared memory, uses each element 32 times from there, and goes on along k.
// Changed since k02_coalesced: global memory is read 32 times less; and as the copying threads
//           needn't be the computing ones, each operand is read along its own contiguous axis, so
//           all four transposes are coalesced.
// Requires: nothing; any strides.
// Launch:   1024 threads, one per element of the tile. 8.3 KB of shared memory.
// Reading:  two barriers a step: the tile must be full before it is read, and read before it is
//           overwritten. The padding of one element makes a column of the tile fall into 32
//           different banks. Two loads from shared memory for each multiply-add are now the limit.
#include "cuda/matmul/operands.cuh"
#include "cuda/matmul/rungs.hpp"

namespace mt::matmul {

namespace {

constexpr int SIZE = 32, THREADS = SIZE * SIZE;

template <class T>
__global__ void __launch_bounds__(THREADS) k03(Arguments<T> p) {
    MT_SHARED(Sum<T>[SIZE][SIZE + 1], as);  // as[k][m], bs[k][n]
    MT_SHARED(Sum<T>[SIZE][SIZE + 1], bs);
    const Tile tile = tile_at<SIZE, SIZE>(p, blockIdx.x);
    const int row = threadIdx.x / SIZE, column = threadIdx.x % SIZE;
    Sum<T> sum = 0;
    for (long long k0 = 0; k0 < p.K; k0 += SIZE) {
        load_tile<THREADS, SIZE, SIZE, 1>(as, p.a, tile.l, tile.m, k0, p.K);
        load_tile<THREADS, SIZE, SIZE, 1>(bs, p.b, tile.l, tile.n, k0, p.K);
        __syncthreads();
#pragma unroll
        for (int k = 0; k < SIZE; k++) sum += as[k][row] * bs[k][column];
        __syncthreads();
    }
    const long long m = tile.m + row, n = tile.n + column;
    if (m < p.M && n < p.N) store(p, tile.l, m, n, sum);
}

void run(const Matmul& p) {
    LaunchShape shape{"matmul k03_smem_tiled", grid_of_tiles(p, SIZE, SIZE), dim3(THREADS), 0,
                      p.stream};
    by_type(p.dtype,
            [&](auto type) { launch(shape, k03<decltype(type)>, typed<decltype(type)>(p)); });
}

}  // namespace

const MatmulRung k03_smem_tiled = {{"k03_smem_tiled", "tiles of 32 x 32 in shared memory", ""},
                                   supports_everything,
                                   no_workspace,
                                   run};

}  // namespace mt::matmul
