// k04_thread_tile_1d
// Idea:     a thread computes 8 elements of a column of y: what it loads of b it uses 8 times from
//           a register.
// Changed since k03_smem_tiled: 9 loads from shared memory for 8 multiply-adds instead of 16, and
//           a tile of 64 x 64 reads global memory half as often.
// Requires: nothing; any strides.
// Launch:   512 threads for a tile of 64 x 64, 8 deep: each loads one element of a and one of b.
// Reading:  a warp covers 32 columns of the same 8 rows: its loads of `as` are broadcasts, those
//           of `bs` fall into 32 different banks.
#include "cuda/matmul/operands.cuh"
#include "cuda/matmul/rungs.hpp"

namespace mt::matmul {

namespace {

constexpr int BM = 64, BN = 64, BK = 8, TM = 8, THREADS = BM * BN / TM;
static_assert(BM * BK == THREADS && BN * BK == THREADS, "each thread loads one element of each");
static_assert(BN % 32 == 0, "the threads of a warp share their rows");

template <class T>
__global__ void __launch_bounds__(THREADS) k04(Arguments<T> p) {
    MT_SHARED(Sum<T>[BK][BM + 1], as);
    MT_SHARED(Sum<T>[BK][BN + 1], bs);
    const Tile tile = tile_at<BM, BN>(p, blockIdx.x);
    const int row = threadIdx.x / BN * TM, column = threadIdx.x % BN;
    Sum<T> sums[TM] = {};
    for (long long k0 = 0; k0 < p.K; k0 += BK) {
        load_tile<THREADS, BM, BK, 1>(as, p.a, tile.l, tile.m, k0, p.K);
        load_tile<THREADS, BN, BK, 1>(bs, p.b, tile.l, tile.n, k0, p.K);
        __syncthreads();
#pragma unroll 4  // all 8 would keep some of float64 in memory
        for (int k = 0; k < BK; k++) {
            const Sum<T> b = bs[k][column];
#pragma unroll
            for (int i = 0; i < TM; i++) sums[i] += as[k][row + i] * b;
        }
        __syncthreads();
    }
    const long long n = tile.n + column;
#pragma unroll
    for (int i = 0; i < TM; i++)
        if (tile.m + row + i < p.M && n < p.N) store(p, tile.l, tile.m + row + i, n, sums[i]);
}

void run(const Matmul& p) {
    LaunchShape shape{"matmul k04_thread_tile_1d", grid_of_tiles(p, BM, BN), dim3(THREADS), 0,
                      p.stream};
    by_type(p.dtype,
            [&](auto type) { launch(shape, k04<decltype(type)>, typed<decltype(type)>(p)); });
}

}  // namespace

const MatmulRung k04_thread_tile_1d = {
    {"k04_thread_tile_1d", "8 elements of a column per thread", ""},
    supports_everything,
    no_workspace,
    run};

}  // namespace mt::matmul
