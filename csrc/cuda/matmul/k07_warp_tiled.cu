// k07_warp_tiled
// Idea:     give each warp a compact tile of its own, 64 x 32, its lanes lying 8 x 4 in it: what a
//           warp reads from shared memory in one instruction is then as little as can be, and lies
//           in different banks.
// Changed since k06_vectorised: a lane's 8 x 8 elements are four quads of 4 x 4, 32 rows and 16
//           columns apart. The 8 quads of a that the lanes read are 128 neighbouring bytes (in
//           k06: two addresses, and for b sixteen quads 32 bytes apart, two of a bank each). The
//           slab is 16 deep, which halves the barriers.
// Requires: an axis of stride 1 in each operand.
// Launch:   256 threads, 8 warps as 2 x 4, for a tile of 128 x 128, 16 deep.
// Reading:  per k a lane loads 4 quads for 64 multiply-adds.
#include "cuda/matmul/rungs.hpp"
#include "cuda/matmul/vectors.cuh"

namespace mt::matmul {

namespace {

constexpr int BM = 128, BN = 128, BK = 16;
constexpr int WARPS_M = 2, WARPS_N = 4, THREADS = 32 * WARPS_M * WARPS_N;
constexpr int LANES_M = 8, LANES_N = 4;
constexpr int QUADS_M = BM / WARPS_M / LANES_M / 4, QUADS_N = BN / WARPS_N / LANES_N / 4;
static_assert(LANES_M * LANES_N == 32, "the lanes tile a warp's tile");
static_assert(QUADS_M * 4 * LANES_M * WARPS_M == BM && QUADS_N * 4 * LANES_N * WARPS_N == BN,
              "quads, lanes and warps make up the tile");

template <class T>
__global__ void __launch_bounds__(THREADS, SHARERS<T>) k07(Arguments<T> p) {
    MT_SHARED(Sum<T>[BK][BM + SKEW], as);
    MT_SHARED(Sum<T>[BK][BN + SKEW], bs);
    const Tile tile = tile_at<BM, BN>(p, blockIdx.x);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int row = warp / WARPS_N * (BM / WARPS_M) + lane / LANES_N * 4;
    const int column = warp % WARPS_N * (BN / WARPS_N) + lane % LANES_N * 4;
    Sum<T> sums[QUADS_M * 4][QUADS_N * 4] = {};
    for (long long k0 = 0; k0 < p.K; k0 += BK) {
        load_tile_wide<THREADS, BM, BK>(as, p.a, tile.l, tile.m, k0, p.K);
        load_tile_wide<THREADS, BN, BK>(bs, p.b, tile.l, tile.n, k0, p.K);
        __syncthreads();
#pragma unroll 2  // more would take more registers than two blocks have
        for (int k = 0; k < BK; k++) {
            Sum<T> a[QUADS_M * 4], b[QUADS_N * 4];
#pragma unroll
            for (int i = 0; i < QUADS_M; i++) read_quad(a + 4 * i, &as[k][row + i * LANES_M * 4]);
#pragma unroll
            for (int j = 0; j < QUADS_N; j++)
                read_quad(b + 4 * j, &bs[k][column + j * LANES_N * 4]);
#pragma unroll
            for (int i = 0; i < QUADS_M * 4; i++)
#pragma unroll
                for (int j = 0; j < QUADS_N * 4; j++) sums[i][j] += a[i] * b[j];
        }
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < QUADS_M * 4; i++)
#pragma unroll
        for (int j = 0; j < QUADS_N; j++)
            store_row<4>(p, tile.l, tile.m + row + i / 4 * LANES_M * 4 + i % 4,
                         tile.n + column + j * LANES_N * 4, &sums[i][4 * j]);
}

void run(const Matmul& p) {
    LaunchShape shape{"matmul k07_warp_tiled", grid_of_tiles(p, BM, BN), dim3(THREADS), 0,
                      p.stream};
    by_type(p.dtype,
            [&](auto type) { launch(shape, k07<decltype(type)>, typed<decltype(type)>(p)); });
}

}  // namespace

const MatmulRung k07_warp_tiled = {
    {"k07_warp_tiled", "a 64 x 32 tile per warp", "an axis of stride 1 in each operand"},
    supports_majors,
    no_workspace,
    run};

}  // namespace mt::matmul
