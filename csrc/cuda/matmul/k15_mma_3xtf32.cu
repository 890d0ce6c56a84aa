// k15_mma_3xtf32
// Idea:     float32 accuracy from tensor cores: each operand is split into two TF32 numbers, and
//           three products of the parts make up one (tf32.cuh has the arithmetic).
// Changed since k14_mma_tf32: three products instead of one, and sums that are drained after each
//           slab: the tensor core sums at most 32 k, which is 12 of its cut-off additions, and
//           float32 additions do the rest.
// Requires: float32; an axis of stride 1 in each operand.
// Launch:   256 threads, 8 warps as 2 x 4 for a tile of 128 x 128; slabs 32 deep, 3 stages. Two
//           sets of 64 sums a thread: one block a multiprocessor.
// Reading:  draining costs 64 additions a thread for 192 products of its warp.
#include "cuda/matmul/rungs.hpp"
#include "cuda/matmul/tf32.cuh"

namespace mt::matmul {

namespace {

constexpr int BK = 32, STAGES = 3;
template <bool A_ALONG, bool B_ALONG>
using Ring = Tf32Ring<A_ALONG, B_ALONG, BK, STAGES>;

template <bool A_ALONG, bool B_ALONG>
__global__ void __launch_bounds__(MMA_THREADS, 1) k15(Arguments<float> p) {
    typedef Ring<A_ALONG, B_ALONG> R;
    MT_DYNAMIC_SHARED(typename R::Stage, stages);
    const Tile tile = tile_at<MMA_BM, MMA_BN>(p, blockIdx.x);
    WarpSums sums = {};
    R::run(p, tile, 0, p.K, stages,
           [&](const typename R::Stage& stage) { multiply_3xtf32<BK>(sums, stage); });
    for_each_pair(sums, [&](int m, int n, const float* pair) {
        store_row<2>(p, tile.l, tile.m + m, tile.n + n, pair);
    });
}

void run(const Matmul& p) {
    by_layout(p, [&](auto a_along, auto b_along) {
        LaunchShape shape{"matmul k15_mma_3xtf32", grid_of_tiles(p, MMA_BM, MMA_BN),
                          dim3(MMA_THREADS), Ring<a_along, b_along>::BYTES, p.stream};
        launch(shape, k15<a_along, b_along>, typed<float>(p));
    });
}

}  // namespace

const MatmulRung k15_mma_3xtf32 = {
    {"k15_mma_3xtf32", "float32 as three TF32 products on tensor cores",
     "float32; an axis of stride 1 in each operand; compute capability 8.0"},
    supports_tf32,
    no_workspace,
    run};

}  // namespace mt::matmul
