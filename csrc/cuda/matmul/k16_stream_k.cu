// k16_stream_k
// Idea:     cut the whole work, all tiles with all their slabs of k in one row, into equal shares,
//           one for each block, wherever the cuts may fall: no multiprocessor idles while others
//           finish a last wave of tiles, whatever the shape.
// Changed since k15_mma_3xtf32 (and k12_mma, for 16 bits): a block computes the end of one tile,
//           some whole tiles, the beginning of another. Whole tiles go to y; parts go to the
//           workspace, and a second kernel adds each cut tile's parts in the order of k.
// Requires: float16, bfloat16 or float32 (as three TF32 products); an axis of stride 1 in each
//           operand; a workspace of the parts.
// Launch:   at most ENOUGH_BLOCKS blocks of 256 threads; a share is at least 4 slabs. The cuts
//           depend on the shapes alone, so results are the same from device to device.
// Reading:  k09_split_k cuts every tile into equal parts, and so writes every element of y several
//           times; here a block writes two parts at most. With more tiles than blocks, most tiles
//           are whole.
#include "cuda/matmul/mma16.cuh"
#include "cuda/matmul/rungs.hpp"
#include "cuda/matmul/split_k.cuh"
#include "cuda/matmul/tf32.cuh"

namespace mt::matmul {

namespace {

constexpr int BK = 32, LEAST_SHARE = 4, SLOT = MMA_BM * MMA_BN;
template <class T>
constexpr int STAGES = sizeof(T) == 2 ? 4 : 3;

template <class T, bool A_ALONG, bool B_ALONG>
using Ring = SlabRing<T, MMA_BM, MMA_BN, BK, A_ALONG, B_ALONG, STAGES<T>, MMA_THREADS>;

// The work in slabs: tile after tile, `steps` each; block i takes those from cut(i) to cut(i+1)-1.
struct Shares {
    long long tiles, steps;
    int blocks;
    __host__ __device__ long long cut(int block) const {
        const long long even = tiles * steps / blocks, rest = tiles * steps % blocks;
        return block * even + (block < rest ? block : rest);
    }
};

// A block's parts: slot 0 for a tile that others began, slot 1 for one that it leaves unfinished.
__device__ __forceinline__ float* slot(float* parts, int block, bool began) {
    return parts + (2ll * block + began) * SLOT;
}

template <int DEPTH, class Stage>
__device__ __forceinline__ void multiply(float16, WarpSums& sums, const Stage& stage) {
    multiply16<float16, DEPTH>(sums, stage);
}
template <int DEPTH, class Stage>
__device__ __forceinline__ void multiply(bfloat16, WarpSums& sums, const Stage& stage) {
    multiply16<bfloat16, DEPTH>(sums, stage);
}
template <int DEPTH, class Stage>
__device__ __forceinline__ void multiply(float, WarpSums& sums, const Stage& stage) {
    multiply_3xtf32<DEPTH>(sums, stage);
}

template <class T, bool A_ALONG, bool B_ALONG>
__global__ void __launch_bounds__(MMA_THREADS, sizeof(T) == 2 ? 2 : 1)
    k16(Arguments<T> p, Shares shares, float* parts) {
    typedef Ring<T, A_ALONG, B_ALONG> R;
    MT_DYNAMIC_SHARED(typename R::Stage, stages);
    const int block = int(blockIdx.x);
    const long long end = shares.cut(block + 1);
    for (long long at = shares.cut(block); at < end;) {
        const long long begun = at % shares.steps, left = shares.steps - begun;
        const long long count = left < end - at ? left : end - at;
        const Tile tile = tile_at<MMA_BM, MMA_BN>(p, unsigned(at / shares.steps));
        const long long last = (begun + count) * BK;
        WarpSums sums = {};
        R::run(p, tile, begun * BK, last < p.K ? last : p.K, stages,
               [&](const typename R::Stage& stage) { multiply<BK>(T(), sums, stage); });
        float* part = slot(parts, block, begun == 0);
        for_each_pair(sums, [&](int m, int n, const float* pair) {
            if (count == shares.steps)
                store_row<2>(p, tile.l, tile.m + m, tile.n + n, pair);
            else
                *reinterpret_cast<float2*>(part + m * MMA_BN + n) = make_float2(pair[0], pair[1]);
        });
        at += count;
        __syncthreads();  // all have left the ring before the next tile's copies fill it
    }
}

// Block i finishes the tile that cut i goes through, if that is the tile's first cut.
template <class T>
__global__ void __launch_bounds__(ADDERS) mend(Arguments<T> p, Shares shares, float* parts) {
    const int first = int(blockIdx.x) + 1;
    const long long cut = shares.cut(first), index = cut / shares.steps;
    const long long begin = index * shares.steps, end = begin + shares.steps;
    if (cut == begin || shares.cut(first - 1) > begin) return;
    const Tile tile = tile_at<MMA_BM, MMA_BN>(p, unsigned(index));
    for (int e = threadIdx.x; e < SLOT; e += ADDERS) {
        const long long m = tile.m + e / MMA_BN, n = tile.n + e % MMA_BN;
        if (m >= p.M || n >= p.N) continue;
        float sum = slot(parts, first - 1, true)[e];
        for (int i = first; i < shares.blocks && shares.cut(i) < end; i++)
            sum += slot(parts, i, false)[e];
        store(p, tile.l, m, n, sum);
    }
}

Shares shares_of(const Matmul& p) {
    const long long tiles = (long long)blocks_for(p.M, MMA_BM) * blocks_for(p.N, MMA_BN) * p.batch;
    const long long steps = p.K > BK ? (p.K + BK - 1) / BK : 1;
    const long long most = tiles * steps / LEAST_SHARE;
    return {tiles, steps, int(most < 1 ? 1 : most < ENOUGH_BLOCKS ? most : ENOUGH_BLOCKS)};
}

std::size_t workspace(const Matmul& p) {
    const Shares shares = shares_of(p);
    return shares.blocks == 1 ? 0 : 2 * sizeof(float) * SLOT * shares.blocks;
}

template <class T>
void run_with(const Matmul& p) {
    const Shares shares = shares_of(p);
    float* parts = static_cast<float*>(p.workspace);
    grid_of_tiles(p, MMA_BM, MMA_BN);  // tiles are counted in 32 bits
    by_layout(p, [&](auto a_along, auto b_along) {
        LaunchShape shape{"matmul k16_stream_k", dim3(unsigned(shares.blocks)), dim3(MMA_THREADS),
                          Ring<T, a_along, b_along>::BYTES, p.stream};
        launch(shape, k16<T, a_along, b_along>, typed<T>(p), shares, parts);
    });
    if (shares.blocks == 1) return;
    LaunchShape shape{"matmul k16_stream_k, mending", dim3(unsigned(shares.blocks - 1)),
                      dim3(ADDERS), 0, p.stream};
    launch(shape, mend<T>, typed<T>(p), shares, parts);
}

std::string supports(const Matmul& p) {
    if (p.dtype == Dtype::float64) return "float64 has no tensor-core product of this form";
    return supports_majors(p);
}

void run(const Matmul& p) {
    if (p.dtype == Dtype::float32) return run_with<float>(p);
    return p.dtype == Dtype::float16 ? run_with<float16>(p) : run_with<bfloat16>(p);
}

}  // namespace

const MatmulRung k16_stream_k = {
    {"k16_stream_k", "equal shares of all slabs for all blocks",
     "float16, bfloat16 or float32; an axis of stride 1 in each operand; compute capability 8.0"},
    supports,
    workspace,
    run};

}  // namespace mt::matmul
