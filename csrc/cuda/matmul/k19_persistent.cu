// k19_persistent
// Idea:     as many blocks as multiprocessors, each of which goes from tile to tile: the ring never
//           runs dry. While the sums of a tile are stored, the copies of the next are under way.
// Changed since k18_warp_specialised: a loop over tiles on both sides of the ring, whose place goes
//           on from tile to tile; and the order of tiles is ours now: in bands, so that what runs
//           at the same time shares its operands in the L2 cache.
// Requires: float16 or bfloat16; operands aligned to 16 bytes in each row; compute capability 9.0.
// Launch:   384 threads; tiles of 128 x 256, slabs 64 deep, 4 stages, 193 KB.
// Reading:  common/hopper.cuh has both sides (Crew); k21_wgmma_tf32 runs them too.
#include "cuda/matmul/persistent.cuh"
#include "cuda/matmul/rungs.hpp"

namespace mt::matmul {

namespace {

template <class T, bool A_ALONG, bool B_ALONG>
__global__ void __launch_bounds__(384, 1)
    k19(Arguments<T> p, const __grid_constant__ Maps maps, unsigned tiles) {
    typedef Persistent<T, A_ALONG, B_ALONG> Loop;
    MT_DYNAMIC_SHARED(typename Loop::Ring, ring);
    Loop::run(p, maps, tiles, *ring);
}

void run(const Matmul& p) {
    by_type16_and_layout(p, [&](auto type, auto a_along, auto b_along) {
        typedef decltype(type) T;
        typedef Persistent<T, a_along, b_along> Loop;
        const unsigned tiles = grid_of_tiles(p, Loop::BM, Loop::BN).x;
        LaunchShape shape{"matmul k19_persistent", persistent_grid(tiles), dim3(Loop::THREADS),
                          sizeof(typename Loop::Ring), p.stream};
        launch(shape, k19<T, a_along, b_along>, typed<T>(p), maps_of(p, Loop::BM, Loop::BN), tiles);
    });
}

}  // namespace

const MatmulRung k19_persistent = {
    {"k19_persistent", "blocks that go from tile to tile",
     "float16 or bfloat16; operands aligned to 16 bytes in each row; compute capability 9.0"},
    supports_wgmma16,
    no_workspace,
    run};

}  // namespace mt::matmul
