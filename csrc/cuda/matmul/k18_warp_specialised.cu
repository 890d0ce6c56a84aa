// k18_warp_specialised
// Idea:     a warpgroup that only copies, and two that only multiply: each stage of the ring has a
//           barrier for "full" and one for "empty", and nobody waits for more than that.
// Changed since k17_wgmma: no __syncthreads in the loop, so the two multiplying warpgroups drift
//           apart and their products follow each other without a gap. The copying one gives its
//           registers away (setmaxnreg), so the tile can be 128 x 256: 128 sums a thread, and
//           a quarter less traffic a product. One group of products stays under way while the
//           next is issued.
// Requires: float16 or bfloat16; operands aligned to 16 bytes in each row; compute capability 9.0.
// Launch:   384 threads, warpgroup 0 copies; slabs 64 deep, 4 stages, 193 KB: one block a
//           multiprocessor.
// Reading:  a stage is empty when all 8 multiplying warps have said so, each for itself: a warp's
//           wait says nothing of the other warps' products.
#include "cuda/matmul/hopper.cuh"
#include "cuda/matmul/rungs.hpp"

namespace mt::matmul {

namespace {

constexpr int BM = 128, BN = 256, STAGES = 4, MULTIPLIERS = 2, THREADS = 128 * (1 + MULTIPLIERS);
static_assert(128 * (40 + 232 * MULTIPLIERS) <= 65536, "as many registers as there are");

template <class T, bool A_ALONG, bool B_ALONG>
using Ring = BoxRing<T, BM, BN, A_ALONG, B_ALONG, STAGES>;
static_assert(sizeof(Ring<bfloat16, true, true>) <= 227 * 1024, "the ring fits");

template <class T, bool A_ALONG, bool B_ALONG>
__global__ void __launch_bounds__(THREADS, 1)
    k18(Arguments<T> p, const __grid_constant__ Maps maps) {
    typedef Ring<T, A_ALONG, B_ALONG> R;
    MT_DYNAMIC_SHARED(R, ring);
    const Tile tile = tile_at<BM, BN>(p, blockIdx.x);
    const int steps = int((p.K + R::DEPTH - 1) / R::DEPTH);
    ring->init(4 * MULTIPLIERS);
    Place<STAGES> at;
    if (threadIdx.x < 128) {
        ptx::fewer_registers<40>();
        if (threadIdx.x != 0) return;
        for (int step = 0; step < steps; step++, at.next()) {
            ptx::barrier_wait(&ring->empty[at.stage], at.phase ^ 1);  // at first it passes
            ring->load(at.stage, maps, tile, (long long)step * R::DEPTH);
        }
        return;
    }
    ptx::more_registers<232>();
    const int row = (threadIdx.x / 128 - 1) * 64;
    float sums[BN / 2];
    for (int step = 0; step < steps; step++) {
        const int before = at.stage == 0 ? STAGES - 1 : at.stage - 1;
        ptx::barrier_wait(&ring->full[at.stage], at.phase);
        issue(sums, ring->a[at.stage], row, ring->b[at.stage], step == 0);
        ptx::wgmma_wait<1>();
        if (step > 0 && threadIdx.x % 32 == 0) ptx::barrier_arrive(&ring->empty[before]);
        at.next();
    }
    ptx::wgmma_wait<0>();
    store_sums(p, tile.l, tile.m + row, tile.n, sums);
}

void run(const Matmul& p) {
    by_type16_and_layout(p, [&](auto type, auto a_along, auto b_along) {
        typedef decltype(type) T;
        LaunchShape shape{"matmul k18_warp_specialised", grid_of_tiles(p, BM, BN), dim3(THREADS),
                          sizeof(Ring<T, a_along, b_along>), p.stream};
        launch(shape, k18<T, a_along, b_along>, typed<T>(p), maps_of(p, BM, BN));
    });
}

}  // namespace

const MatmulRung k18_warp_specialised = {
    {"k18_warp_specialised", "warps that copy and warps that multiply",
     "float16 or bfloat16; operands aligned to 16 bytes in each row; compute capability 9.0"},
    supports_wgmma16,
    no_workspace,
    run};

}  // namespace mt::matmul
