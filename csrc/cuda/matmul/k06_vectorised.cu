// k06_vectorised
// Idea:     16 bytes an access: one instruction loads four floats, from global memory, from shared
//           memory, and stores four of y.
// Changed since k05_thread_tile_2d: a quarter of the load instructions for the same bytes. A tile
//           of a row-major a is transposed on its way into shared memory, so that a thread's 8
//           values of one k are neighbours there.
// Requires: an axis of stride 1 in each operand. Where its memory is not aligned to 16 bytes, or
//           its leading dimension is no multiple of 16 bytes, the copy goes element by element.
// Launch:   256 threads for a tile of 128 x 128, 8 deep, as k05.
// Reading:  16-bit elements are widened once, when they go into shared memory.
#include "cuda/matmul/rungs.hpp"
#include "cuda/matmul/vectors.cuh"

namespace mt::matmul {

namespace {

constexpr int BM = 128, BN = 128, BK = 8, TM = 8, TN = 8;
constexpr int THREADS = (BM / TM) * (BN / TN);
static_assert(TM % 4 == 0 && TN % 4 == 0, "a thread reads its values in quads");

template <class T>
__global__ void __launch_bounds__(THREADS, SHARERS<T>) k06(Arguments<T> p) {
    MT_SHARED(Sum<T>[BK][BM + SKEW], as);
    MT_SHARED(Sum<T>[BK][BN + SKEW], bs);
    const Tile tile = tile_at<BM, BN>(p, blockIdx.x);
    const int row = threadIdx.x / (BN / TN) * TM, column = threadIdx.x % (BN / TN) * TN;
    Sum<T> sums[TM][TN] = {};
    for (long long k0 = 0; k0 < p.K; k0 += BK) {
        load_tile_wide<THREADS, BM, BK>(as, p.a, tile.l, tile.m, k0, p.K);
        load_tile_wide<THREADS, BN, BK>(bs, p.b, tile.l, tile.n, k0, p.K);
        __syncthreads();
#pragma unroll 2  // more would take more registers than two blocks have
        for (int k = 0; k < BK; k++) {
            Sum<T> a[TM], b[TN];
#pragma unroll
            for (int i = 0; i < TM; i += 4) read_quad(a + i, &as[k][row + i]);
#pragma unroll
            for (int j = 0; j < TN; j += 4) read_quad(b + j, &bs[k][column + j]);
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
        for (int j = 0; j < TN; j += 4)
            store_row<4>(p, tile.l, tile.m + row + i, tile.n + column + j, &sums[i][j]);
}

void run(const Matmul& p) {
    LaunchShape shape{"matmul k06_vectorised", grid_of_tiles(p, BM, BN), dim3(THREADS), 0,
                      p.stream};
    by_type(p.dtype,
            [&](auto type) { launch(shape, k06<decltype(type)>, typed<decltype(type)>(p)); });
}

}  // namespace

const MatmulRung k06_vectorised = {
    {"k06_vectorised", "16 bytes an access", "an axis of stride 1 in each operand"},
    supports_majors,
    no_workspace,
    run};

}  // namespace mt::matmul
