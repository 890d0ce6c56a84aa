// k05_thread_tile_2d
// Idea:     a thread computes 8 x 8 elements: an outer product of 8 values of a and 8 of b, all in
//           registers.
// Changed since k04_thread_tile_1d: 16 loads from shared memory for 64 multiply-adds, a quarter of
//           one each; a tile of 128 x 128 reads global memory half as often again.
// Requires: nothing; any strides.
// Launch:   256 threads for a tile of 128 x 128, 8 deep. 64 sums a thread live in registers.
// Reading:  the arrays `a`, `b` and `sums` must be indexed by constants after unrolling, or they
//           land in local memory. Neighbouring threads read `bs` 8 elements apart: conflicts in
//           four of 32 banks, which k06 and k07 remove.
#include "cuda/matmul/operands.cuh"
#include "cuda/matmul/rungs.hpp"

namespace mt::matmul {

namespace {

constexpr int BM = 128, BN = 128, BK = 8, TM = 8, TN = 8;
constexpr int THREADS = (BM / TM) * (BN / TN);

template <class T>
__global__ void __launch_bounds__(THREADS, SHARERS<T>) k05(Arguments<T> p) {
    MT_SHARED(Sum<T>[BK][BM + 1], as);
    MT_SHARED(Sum<T>[BK][BN + 1], bs);
    const Tile tile = tile_at<BM, BN>(p, blockIdx.x);
    const int row = threadIdx.x / (BN / TN) * TM, column = threadIdx.x % (BN / TN) * TN;
    Sum<T> sums[TM][TN] = {};
    for (long long k0 = 0; k0 < p.K; k0 += BK) {
        load_tile<THREADS, BM, BK, 1>(as, p.a, tile.l, tile.m, k0, p.K);
        load_tile<THREADS, BN, BK, 1>(bs, p.b, tile.l, tile.n, k0, p.K);
        __syncthreads();
#pragma unroll 2  // more would take more registers than two blocks have
        for (int k = 0; k < BK; k++) {
            Sum<T> a[TM], b[TN];
#pragma unroll
            for (int i = 0; i < TM; i++) a[i] = as[k][row + i];
#pragma unroll
            for (int j = 0; j < TN; j++) b[j] = bs[k][column + j];
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN; j++) sums[i][j] += a[i] * b[j];
        }
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++)
            if (tile.m + row + i < p.M && tile.n + column + j < p.N)
                store(p, tile.l, tile.m + row + i, tile.n + column + j, sums[i][j]);
}

void run(const Matmul& p) {
    LaunchShape shape{"matmul k05_thread_tile_2d", grid_of_tiles(p, BM, BN), dim3(THREADS), 0,
                      p.stream};
    by_type(p.dtype,
            [&](auto type) { launch(shape, k05<decltype(type)>, typed<decltype(type)>(p)); });
}

}  // namespace

const MatmulRung k05_thread_tile_2d = {
    {"k05_thread_tile_2d", "8 x 8 elements per thread, in registers", ""},
    supports_everything,
    no_workspace,
    run};

}  // namespace mt::matmul
