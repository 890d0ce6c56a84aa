// k04_implicit_async
// Idea:     cp.async copies the next slices into a ring in shared memory while the threads multiply
//           the one that has arrived.
// Changed since k03: two slices are always under way, and a slice costs one barrier instead of two.
//           With channels last 16 bytes of channels are one copy and lanes go along the channels;
//           otherwise elements are copied one by one, and lanes go along the places as in k03.
//           Filters are packed first, a small kernel, so that theirs are always 16-byte copies.
// Requires: float32 or float64; compute capability 8.0 for cp.async; a workspace for the filters.
// Launch:   256 threads for 128 places x 128 filters (64 in float64, 32 where a group has no more),
//           8 x 8 (4, 2) elements a thread; 83 KiB, two blocks a multiprocessor; how slices lie in
//           shared memory: implicit_tile.cuh, and wgrad_tile.cuh for wgrad.
// Reading:  4 terms cost 24 loads of 16 bytes for 256 multiply-adds. That is all that multiply-adds
//           give; tensor cores are next: k08.
#include "cuda/conv/implicit_tile.cuh"
#include "cuda/conv/rungs.hpp"
#include "cuda/conv/wgrad_parts.cuh"

namespace mt::conv {

namespace {

constexpr int THREADS = 256, BM = 128, TM = 8;
static_assert(BM / TM * 16 == THREADS, "16 x 16 threads cover the tile");

// A thread's places are every 16th of the block's, its filters too.
template <class T, int BN, int TN>
__device__ __forceinline__ void multiply(const T* slot, Sum<T> (&sum)[TM][TN]) {
    typedef ImplicitTile<T, BN> Tile;
    const T* a = slot + threadIdx.x % 16 * Tile::PITCH;
    const T* b = slot + (BM + threadIdx.x / 16) * Tile::PITCH;
#pragma unroll 1  // the chunks of all places and filters at once would not fit into registers
    for (int k = 0; k < Tile::BK; k += CHUNK<T>)
#pragma unroll
        for (int half = 0; half < TM; half += TM / 2) {
            Chunk<T> left[TM / 2];
#pragma unroll
            for (int i = 0; i < TM / 2; i++)
                left[i] = chunk_at(a + 16 * (half + i) * Tile::PITCH + k);
#pragma unroll
            for (int j = 0; j < TN; j++) {
                const Chunk<T> right = chunk_at(b + 16 * j * Tile::PITCH + k);
#pragma unroll
                for (int l = 0; l < CHUNK<T>; l++)
#pragma unroll
                    for (int i = 0; i < TM / 2; i++) sum[half + i][j] += left[i].v[l] * right.v[l];
            }
        }
}

// Two blocks a multiprocessor leave a thread 128 registers, too few for doubles.
template <class T, int BN, bool VECTOR>
__global__ void __launch_bounds__(THREADS, sizeof(T) == 4 ? 2 : 1)
    k04(Correlation<T> c, const T* packed) {
    typedef ImplicitTile<T, BN> Tile;
    constexpr int TN = BN / 16;
    MT_DYNAMIC_SHARED(T, shared);
    const int t = threadIdx.x, m0 = blockIdx.x * BM, n0 = blockIdx.y * BN, group = blockIdx.z;
    Sum<T> sum[TM][TN] = {};
    Tile::template each_slice<VECTOR>(shared, c, packed, m0, n0,
                                      [&](const T* slot) { multiply<T, BN>(slot, sum); });
#pragma unroll
    for (int i = 0; i < TM; i++) {
        const int m = m0 + t % 16 + 16 * i;
        if (m >= c.places()) continue;
        const long long at = y_offset(c, m);
#pragma unroll
        for (int j = 0; j < TN; j++)
            if (n0 + t / 16 + 16 * j < c.outputs)
                store(c, at, group, n0 + t / 16 + 16 * j, sum[i][j]);
    }
}

template <class T, int BN>
void correlate_by(const Correlation<T>& c, const Conv& p) {
    typedef ImplicitTile<T, BN> Tile;
    const T* packed = pack(c, p);
    dim3 grid(blocks_for(c.places(), BM), blocks_for(c.outputs, BN), c.groups);
    launch(LaunchShape{"conv k04_implicit_async", grid, THREADS, Tile::BYTES, p.stream},
           image_in_chunks(c) ? k04<T, BN, true> : k04<T, BN, false>, c, packed);
}

template <class T>
void correlate(const Correlation<T>& c, const Conv& p) {
    if constexpr (sizeof(T) >= 4)
        c.outputs <= 32 ? correlate_by<T, 32>(c, p) : correlate_by<T, 512 / sizeof(T)>(c, p);
}

void fwd(const Conv& p) {
    run_fwd(p, [&](auto c) { correlate(c, p); });
}
void dgrad(const Conv& p) {
    run_dgrad(p, [&](auto c) { correlate(c, p); });
}
void wgrad(const Conv& p) {
    run_fwd(p, [&](auto c) { filter_gradient("conv k04_implicit_async wgrad", c, p, 1); });
}

}  // namespace

const ConvRung k04_implicit_async = {
    {"k04_implicit_async", "slices under way by cp.async while one is multiplied",
     "float32 or float64, compute capability 8.0"},
    {wide_types, fwd_pack, fwd},
    {wide_types, dgrad_pack, dgrad},
    {wide_types, no_workspace, wgrad}};

}  // namespace mt::conv
