// k17_wgmma
// Idea:     Hopper's way. One thread tells the copy engine (TMA) to bring a whole slab; an mbarrier
//           says when it is there; wgmma multiplies straight from shared memory, 64 x 128 x 16 an
//           instruction, for the 128 threads of a warpgroup.
// Changed since k12_mma: no thread computes addresses of a or b, or copies, or loads fragments. The
//           edges of the matrices are the copy engine's business as well.
// Requires: float16 or bfloat16; operands aligned to 16 bytes in each row; compute capability 9.0.
// Launch:   256 threads, two warpgroups of 64 x 128 each; slabs 64 deep, 3 stages, 97 KB: two
//           blocks share a multiprocessor, and one computes while the other waits.
// Reading:  here the ring turns in step: products, a barrier, the next copy. k18 takes that apart.
#include "cuda/matmul/hopper.cuh"
#include "cuda/matmul/rungs.hpp"

namespace mt::matmul {

namespace {

constexpr int BM = 128, BN = 128, STAGES = 3, THREADS = 256;
template <class T, bool A_ALONG, bool B_ALONG>
using Ring = BoxRing<T, BM, BN, A_ALONG, B_ALONG, STAGES>;
static_assert(2 * sizeof(Ring<bfloat16, true, true>) <= 227 * 1024,
              "two blocks share a multiprocessor's memory");

template <class T, bool A_ALONG, bool B_ALONG>
__global__ void __launch_bounds__(THREADS, 2)
    k17(Arguments<T> p, const __grid_constant__ Maps maps) {
    typedef Ring<T, A_ALONG, B_ALONG> R;
    MT_DYNAMIC_SHARED(R, ring);
    const Tile tile = tile_at<BM, BN>(p, blockIdx.x);
    const int row = threadIdx.x / 128 * 64, steps = int((p.K + R::DEPTH - 1) / R::DEPTH);
    ring->init(1);
    auto load = [&](int step, int stage) {
        if (threadIdx.x == 0 && step < steps)
            ring->load(stage, maps, tile, (long long)step * R::DEPTH);
    };
    for (int s = 0; s < STAGES; s++) load(s, s);
    float sums[BN / 2];
    Place<STAGES> at;
    for (int step = 0; step < steps; step++, at.next()) {
        ptx::barrier_wait(&ring->full[at.stage], at.phase);
        issue(sums, ring->a[at.stage], row, ring->b[at.stage], step == 0);
        ptx::wgmma_wait<0>();
        __syncthreads();  // both warpgroups have read the stage
        load(step + STAGES, at.stage);
    }
    store_sums(p, tile.l, tile.m + row, tile.n, sums);
}

void run(const Matmul& p) {
    by_type16_and_layout(p, [&](auto type, auto a_along, auto b_along) {
        typedef decltype(type) T;
        LaunchShape shape{"matmul k17_wgmma", grid_of_tiles(p, BM, BN), dim3(THREADS),
                          sizeof(Ring<T, a_along, b_along>), p.stream};
        launch(shape, k17<T, a_along, b_along>, typed<T>(p), maps_of(p, BM, BN));
    });
}

}  // namespace

const MatmulRung k17_wgmma = {
    {"k17_wgmma", "the copy engine and a warpgroup's products",
     "float16 or bfloat16; operands aligned to 16 bytes in each row; compute capability 9.0"},
    supports_wgmma16,
    no_workspace,
    run};

}  // namespace mt::matmul
