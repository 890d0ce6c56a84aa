// k08_multistage
// Idea:     never wait for global memory: a ring of three slabs in shared memory, filled by
//           asynchronous copies (cp.async) two slabs ahead of the one that is computed on.
// Changed since k07_warp_tiled: copies pass no registers and stall nobody; one barrier a slab
//           instead of two, since the slab that is overwritten is the one that all left before it.
// Requires: float32 or float64; an axis of stride 1 in each operand.
// Launch:   256 threads, 128 x 128 tiles, slabs 16 deep (float64: 8). 51 KB of shared memory and at
//           most 128 registers, so two blocks share a multiprocessor and cover each other's
//           barriers.
// Reading:  multistage.cuh has the main loop; k09_split_k runs it too.
#include "cuda/matmul/multistage.cuh"
#include "cuda/matmul/rungs.hpp"

namespace mt::matmul {

namespace {

template <class T>
using Loop = Multistage<T, 128, 128, 2, 4>;
static_assert(2 * Loop<float>::BYTES <= 227 * 1024, "two blocks share a multiprocessor's memory");

template <class T>
__global__ void __launch_bounds__(Loop<T>::THREADS, SHARERS<T>) k08(Arguments<T> p) {
    MT_DYNAMIC_SHARED(typename Loop<T>::Stage, stages);
    const Tile tile = tile_at<Loop<T>::BM, Loop<T>::BN>(p, blockIdx.x);
    Loop<T> loop;
    loop.run(p, tile, 0, p.K, stages);
    loop.finish(tile, [&](long long m, long long n, const T* sums) {
        store_row<4>(p, tile.l, m, n, sums);
    });
}

void run(const Matmul& p) {
    by_copied_type(p.dtype, [&](auto type) {
        typedef decltype(type) T;
        LaunchShape shape{"matmul k08_multistage", grid_of_tiles(p, Loop<T>::BM, Loop<T>::BN),
                          dim3(Loop<T>::THREADS), Loop<T>::BYTES, p.stream};
        launch(shape, k08<T>, typed<T>(p));
    });
}

}  // namespace

const MatmulRung k08_multistage = {
    {"k08_multistage", "a ring of asynchronous copies",
     "float32 or float64; an axis of stride 1 in each operand; compute capability 8.0"},
    supports_copies,
    no_workspace,
    run};

}  // namespace mt::matmul
