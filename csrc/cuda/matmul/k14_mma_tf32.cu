// k14_mma_tf32
// Idea:     float32 arrays on tensor cores, by rounding the operands to TF32 on their way from
//           shared memory. Errors of 2^-11 an operand: for those who asked for it.
// Changed since k12_mma: ldmatrix moves rows of 16-bit elements; a lane loads its floats one by
//           one, 6 of a and b for 4 products, and rounds them. The slabs' padding differs between
//           the layouts (4 and 8 floats), so that 8 x 4 elements lie in 32 banks either way.
// Requires: float32; an axis of stride 1 in each operand.
// Launch:   256 threads, 8 warps as 2 x 4 for a tile of 128 x 128; slabs 16 deep, 4 stages, 72 to
//           80 KB: two blocks share a multiprocessor.
// Reading:  tf32.cuh has the fragments.
#include "cuda/matmul/rungs.hpp"
#include "cuda/matmul/tf32.cuh"

namespace mt::matmul {

namespace {

constexpr int BK = 16, STAGES = 4;
template <bool A_ALONG, bool B_ALONG>
using Ring = Tf32Ring<A_ALONG, B_ALONG, BK, STAGES>;

template <bool A_ALONG, bool B_ALONG>
__global__ void __launch_bounds__(MMA_THREADS, 2) k14(Arguments<float> p) {
    typedef Ring<A_ALONG, B_ALONG> R;
    MT_DYNAMIC_SHARED(typename R::Stage, stages);
    const Tile tile = tile_at<MMA_BM, MMA_BN>(p, blockIdx.x);
    WarpSums sums = {};
    R::run(p, tile, 0, p.K, stages,
           [&](const typename R::Stage& stage) { multiply_tf32<false, BK>(sums, stage); });
    for_each_pair(sums, [&](int m, int n, const float* pair) {
        store_row<2>(p, tile.l, tile.m + m, tile.n + n, pair);
    });
}

void run(const Matmul& p) {
    by_layout(p, [&](auto a_along, auto b_along) {
        LaunchShape shape{"matmul k14_mma_tf32", grid_of_tiles(p, MMA_BM, MMA_BN),
                          dim3(MMA_THREADS), Ring<a_along, b_along>::BYTES, p.stream};
        launch(shape, k14<a_along, b_along>, typed<float>(p));
    });
}

}  // namespace

const MatmulRung k14_mma_tf32 = {
    {"k14_mma_tf32", "float32 rounded to TF32 on tensor cores",
     "float32; an axis of stride 1 in each operand; compute capability 8.0", Precision::tf32},
    supports_tf32,
    no_workspace,
    run};

}  // namespace mt::matmul
