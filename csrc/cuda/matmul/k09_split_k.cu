// k09_split_k
// Idea:     where y is too small to give every multiprocessor a tile, k gives the parallelism:
//           blocks compute parts of the sum, a second kernel adds them in a fixed order.
// Changed since k08_multistage: the grid has parts as well as tiles; tiles are 64 x 64, so that a
//           skinny y fills more of them. Parts go through the workspace.
// Requires: float32 or float64; an axis of stride 1 in each operand; a workspace of the parts.
// Launch:   128 threads, 64 x 64 tiles, 4 x 8 elements a thread. Parts are cut by the shapes
//           alone (split_k.cuh).
// Reading:  a weight gradient is the typical case: few outputs, summed over a batch of pixels.
#include "cuda/matmul/multistage.cuh"
#include "cuda/matmul/rungs.hpp"
#include "cuda/matmul/split_k.cuh"

namespace mt::matmul {

namespace {

constexpr int BM = 64, BN = 64;

template <class T>
using Loop = Multistage<T, BM, BN, 2, 2>;

template <class T>
__global__ void __launch_bounds__(Loop<T>::THREADS, 2) k09(Arguments<T> p, Split split, T* parts) {
    MT_DYNAMIC_SHARED(typename Loop<T>::Stage, stages);
    const int part = int(blockIdx.x % unsigned(split.parts));
    const Tile tile = tile_at<BM, BN>(p, blockIdx.x / unsigned(split.parts));
    const long long first = part * split.depth, end = first + split.depth;
    Loop<T> loop;
    loop.run(p, tile, first, end < p.K ? end : p.K, stages);
    loop.finish(tile, [&](long long m, long long n, const T* sums) {
        if (split.parts == 1) return store_row<4>(p, tile.l, m, n, sums);
#pragma unroll
        for (int i = 0; i < 4; i++)
            if (m < p.M && n + i < p.N)
                parts[((part * p.batch + tile.l) * p.M + m) * p.N + n + i] = sums[i];
    });
}

Split split_of(const Matmul& p) {
    const long long tiles = (long long)blocks_for(p.M, BM) * blocks_for(p.N, BN) * p.batch;
    return split_for(tiles, p.K, Loop<float>::BK);
}

std::size_t workspace(const Matmul& p) {
    return bytes_of_parts(p, split_of(p));
}

void run(const Matmul& p) {
    by_copied_type(p.dtype, [&](auto type) {
        typedef decltype(type) T;
        const Split split = split_of(p);
        LaunchShape shape{"matmul k09_split_k", grid_of_tiles(p, BM, BN, split.parts),
                          dim3(Loop<T>::THREADS), Loop<T>::BYTES, p.stream};
        launch(shape, k09<T>, typed<T>(p), split, static_cast<T*>(p.workspace));
        if (split.parts > 1) launch_add_parts<T>("matmul k09_split_k, adding parts", p, split);
    });
}

}  // namespace

const MatmulRung k09_split_k = {
    {"k09_split_k", "parts of k in blocks of their own, added in order",
     "float32 or float64; an axis of stride 1 in each operand; compute capability 8.0"},
    supports_copies,
    workspace,
    run};

}  // namespace mt::matmul
