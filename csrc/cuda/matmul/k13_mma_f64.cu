// k13_mma_f64
// Idea:     float64 on tensor cores: mma.sync m8n8k4, as exact as separate multiply-adds, and
//           twice as many of them a cycle.
// Changed since k12_mma: the type. A lane's fragment is one double of a and one of b, so it is
//           loaded by itself; the padding of the slabs keeps half a warp's 16 doubles in
//           different banks, in either layout.
// Requires: float64; an axis of stride 1 in each operand.
// Launch:   256 threads, 8 warps as 2 x 4 for a tile of 128 x 128; slabs 8 deep, 4 stages; 64 sums
//           a thread are 128 registers: one block a multiprocessor.
// Reading:  per 4 of k a lane loads 12 doubles for 32 products of 8 x 8 x 4.
#include "cuda/matmul/rungs.hpp"
#include "cuda/matmul/slabs.cuh"

namespace mt::matmul {

namespace {

constexpr int BK = 8, STAGES = 4;
constexpr int ROW_TILES = WM / 8, COLUMN_TILES = WN / 8;

template <bool A_ALONG, bool B_ALONG>
using Ring = SlabRing<double, MMA_BM, MMA_BN, BK, A_ALONG, B_ALONG, STAGES, MMA_THREADS>;

template <bool A_ALONG, bool B_ALONG>
__global__ void __launch_bounds__(MMA_THREADS, 1) k13(Arguments<double> p) {
    typedef Ring<A_ALONG, B_ALONG> R;
    MT_DYNAMIC_SHARED(typename R::Stage, stages);
    const Tile tile = tile_at<MMA_BM, MMA_BN>(p, blockIdx.x);
    const int row = warp_row(), column = warp_column();
    const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
    double sums[ROW_TILES][COLUMN_TILES][2] = {};
    R::run(p, tile, 0, p.K, stages, [&](const typename R::Stage& stage) {
#pragma unroll
        for (int k = 0; k < BK; k += 4) {
            double a[ROW_TILES], b[COLUMN_TILES];
#pragma unroll
            for (int i = 0; i < ROW_TILES; i++) a[i] = *stage.a.at(row + i * 8 + g, k + t);
#pragma unroll
            for (int j = 0; j < COLUMN_TILES; j++) b[j] = *stage.b.at(column + j * 8 + g, k + t);
#pragma unroll
            for (int i = 0; i < ROW_TILES; i++)
#pragma unroll
                for (int j = 0; j < COLUMN_TILES; j++) ptx::mma_f64(sums[i][j], a[i], b[j]);
        }
    });
#pragma unroll
    for (int i = 0; i < ROW_TILES; i++)
#pragma unroll
        for (int j = 0; j < COLUMN_TILES; j++)
            store_row<2>(p, tile.l, tile.m + row + i * 8 + g, tile.n + column + j * 8 + t * 2,
                         sums[i][j]);
}

std::string supports(const Matmul& p) {
    if (p.dtype != Dtype::float64) return "m8n8k4 is for float64";
    return supports_majors(p);
}

void run(const Matmul& p) {
    by_layout(p, [&](auto a_along, auto b_along) {
        LaunchShape shape{"matmul k13_mma_f64", grid_of_tiles(p, MMA_BM, MMA_BN), dim3(MMA_THREADS),
                          Ring<a_along, b_along>::BYTES, p.stream};
        launch(shape, k13<a_along, b_along>, typed<double>(p));
    });
}

}  // namespace

const MatmulRung k13_mma_f64 = {
    {"k13_mma_f64", "float64 on tensor cores",
     "float64; an axis of stride 1 in each operand; compute capability 8.0"},
    supports,
    no_workspace,
    run};

}  // namespace mt::matmul
