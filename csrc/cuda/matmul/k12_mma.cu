// k12_mma
// Idea:     the tensor core's own instruction, mma.sync m16n8k16, and ldmatrix, which loads its
//           fragments: four 8 x 8 matrices an instruction, transposed if need be.
// Changed since k11_wmma: the lanes' elements are known, so the epilogue works in registers and
//           nothing passes through shared memory twice; a fragment load is one instruction,
//           without bank conflicts (the slabs' padding sees to that).
// Requires: float16 or bfloat16; an axis of stride 1 in each operand.
// Launch:   256 threads, 8 warps as 2 x 4 for a tile of 128 x 128; slabs 32 deep, 4 stages, 80 KB:
//           two blocks share a multiprocessor, at 128 registers.
// Reading:  mma16.cuh has the fragments. Per 16 of k a warp loads 6 x 512 bytes and issues 16
// products of 16 x 8 x 16.
#include "cuda/matmul/mma16.cuh"
#include "cuda/matmul/rungs.hpp"

namespace mt::matmul {

namespace {

constexpr int BK = 32, STAGES = 4;

template <class T, bool A_ALONG, bool B_ALONG>
using Ring = SlabRing<T, MMA_BM, MMA_BN, BK, A_ALONG, B_ALONG, STAGES, MMA_THREADS>;

template <class T, bool A_ALONG, bool B_ALONG>
__global__ void __launch_bounds__(MMA_THREADS, 2) k12(Arguments<T> p) {
    typedef Ring<T, A_ALONG, B_ALONG> R;
    MT_DYNAMIC_SHARED(typename R::Stage, stages);
    const Tile tile = tile_at<MMA_BM, MMA_BN>(p, blockIdx.x);
    WarpSums sums = {};
    R::run(p, tile, 0, p.K, stages,
           [&](const typename R::Stage& stage) { multiply16<T, BK>(sums, stage); });
    for_each_pair(sums, [&](int m, int n, const float* pair) {
        store_row<2>(p, tile.l, tile.m + m, tile.n + n, pair);
    });
}

std::string supports(const Matmul& p) {
    if (size_of(p.dtype) != 2) return "m16n8k16 is for float16 and bfloat16";
    return supports_majors(p);
}

template <class T>
void run_with(const Matmul& p) {
    by_layout(p, [&](auto a_along, auto b_along) {
        LaunchShape shape{"matmul k12_mma", grid_of_tiles(p, MMA_BM, MMA_BN), dim3(MMA_THREADS),
                          Ring<T, a_along, b_along>::BYTES, p.stream};
        launch(shape, k12<T, a_along, b_along>, typed<T>(p));
    });
}

void run(const Matmul& p) {
    return p.dtype == Dtype::float16 ? run_with<float16>(p) : run_with<bfloat16>(p);
}

}  // namespace

const MatmulRung k12_mma = {
    {"k12_mma", "mma.sync and ldmatrix",
     "float16 or bfloat16; an axis of stride 1 in each operand; compute capability 8.0"},
    supports,
    no_workspace,
    run};

}  // namespace mt::matmul
