// k04_implicit_async
// Idea:     cp.async copies the next slices into a ring in shared memory while the threads multiply
//           the one that has arrived.
// Changed since k03: two slices are always under way, and a slice costs one barrier instead of two.
//           With channels last 16 bytes of channels are one copy and lanes go along the channels;
//           otherwise elements are copied one by one, and lanes go along the places as in k03.
//           Filters are packed first, a small kernel, so that theirs are always 16-byte copies.
// Requires: float32 or float64; compute capability 8.0 for cp.async; a workspace for the filters.
// Launch:   256 threads for 128 places x 128 filters (64 in float64, 32 where a group has no more),
//           8 x 8 (4, 2) elements a thread, 64 bytes of terms at a time, 3 slots: 60 KiB, two
//           blocks a multiprocessor. Rows of 64 + 16 bytes lie 5 chunks apart, 5 is odd: the 8
//           lanes of a phase read 8 rows from different banks. wgrad: see wgrad_tile.cuh.
// Reading:  4 terms cost 24 loads of 16 bytes for 256 multiply-adds. That is all that multiply-adds
//           give; tensor cores are next: k08.
#include "cuda/conv/chunks.cuh"
#include "cuda/conv/rungs.hpp"
#include "cuda/conv/wgrad_tile.cuh"

namespace mt::conv {

namespace {

constexpr int THREADS = 256, BM = 128, CHUNKS = 4, STAGES = 3, TM = 8;
static_assert(BM / TM * 16 == THREADS, "16 x 16 threads cover the tile");

template <class T, int BN>
struct Tile {
    static constexpr int BK = CHUNKS * CHUNK<T>, PITCH = BK + CHUNK<T>, SLOT = (BM + BN) * PITCH;
    static constexpr std::size_t BYTES = STAGES * SLOT * sizeof(T);
    static_assert(PITCH / CHUNK<T> % 2 == 1, "rows an odd number of chunks apart: no conflicts");
};

// Starts copying the slice of terms from k on.
template <class T, int BN, bool VECTOR>
__device__ __forceinline__ void load(T* slot, const Correlation<T>& c, const T* packed,
                                     const Place<T>* places, int k, int n0) {
    const int t = threadIdx.x, pitch = Tile<T, BN>::PITCH;
#pragma unroll
    for (int i = 0; i < BM * CHUNKS / THREADS; i++) {
        // By chunks: 4 lanes for a place. One by one: a lane for a place.
        const int row = VECTOR ? t / CHUNKS + i * (THREADS / CHUNKS) : t % BM;
        const int x = VECTOR ? t % CHUNKS : t / BM + i * (THREADS / BM);
        gather<VECTOR>(slot + row * pitch + x * CHUNK<T>, c, places[row], k + x * CHUNK<T>);
    }
    slot += BM * pitch;
    for (int i = t; i < BN * CHUNKS; i += THREADS)
        copy_packed(slot + i / CHUNKS * pitch + i % CHUNKS * CHUNK<T>, c, packed, blockIdx.z,
                    n0 + i / CHUNKS, k + i % CHUNKS * CHUNK<T>);
}

// A thread's places are every 16th of the block's, its filters too.
template <class T, int BN, int TN>
__device__ __forceinline__ void multiply(const T* slot, Sum<T> (&sum)[TM][TN]) {
    constexpr int PITCH = Tile<T, BN>::PITCH;
    const T* a = slot + threadIdx.x % 16 * PITCH;
    const T* b = slot + (BM + threadIdx.x / 16) * PITCH;
#pragma unroll 1  // the chunks of all places and filters at once would not fit into registers
    for (int k = 0; k < CHUNKS * CHUNK<T>; k += CHUNK<T>)
#pragma unroll
        for (int half = 0; half < TM; half += TM / 2) {
            Chunk<T> left[TM / 2];
#pragma unroll
            for (int i = 0; i < TM / 2; i++) left[i] = chunk_at(a + 16 * (half + i) * PITCH + k);
#pragma unroll
            for (int j = 0; j < TN; j++) {
                const Chunk<T> right = chunk_at(b + 16 * j * PITCH + k);
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
    constexpr int TN = BN / 16, BK = Tile<T, BN>::BK, SLOT = Tile<T, BN>::SLOT;
    MT_DYNAMIC_SHARED(T, shared);
    const int t = threadIdx.x, m0 = blockIdx.x * BM, n0 = blockIdx.y * BN, group = blockIdx.z;
    const int slices = (c.terms() + BK - 1) / BK;
    MT_SHARED(Place<T>[BM], places);  // in registers they would be too many
    if (t < BM) places[t] = place_of(c, m0 + t, group);
    __syncthreads();
    Sum<T> sum[TM][TN] = {};

    for (int s = 0; s < STAGES - 1; s++) {
        if (s < slices) load<T, BN, VECTOR>(shared + s * SLOT, c, packed, places, s * BK, n0);
        ptx::copy_commit();
    }
    for (int s = 0; s < slices; s++) {
        ptx::copy_wait<STAGES - 2>();
        __syncthreads();  // slice s has arrived, and everybody has done with slice s - 1
        const int next = s + STAGES - 1;
        if (next < slices)
            load<T, BN, VECTOR>(shared + next % STAGES * SLOT, c, packed, places, next * BK, n0);
        ptx::copy_commit();
        multiply<T, BN>(shared + s % STAGES * SLOT, sum);
    }

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

template <class T, bool VECTOR>
__global__ void __launch_bounds__(256) k04_wgrad(Correlation<T> c) {
    typedef WgradTile<T> Tile;
    MT_DYNAMIC_SHARED(T, shared);
    const int m0 = blockIdx.y * Tile::OUTS, n0 = blockIdx.x * Tile::TERMS, group = blockIdx.z;
    Sum<T> sum[Tile::TM][Tile::TN] = {};
    Tile::template add<VECTOR>(shared, c, 0, c.places(), group, m0, n0, sum);
#pragma unroll
    for (int j = 0; j < Tile::TN; j++)
#pragma unroll
        for (int i = 0; i < Tile::TM; i++) {
            const int out = m0 + Tile::out(i), term = n0 + Tile::term(j);
            if (out < c.outputs && term < c.terms())
                *filter_element(c, group, out, term) = T(sum[i][j]);
        }
}

template <class T, int BN>
void correlate_by(const Correlation<T>& c, const Conv& p) {
    const T* packed = pack(c, p);
    dim3 grid(blocks_for(c.places(), BM), blocks_for(c.outputs, BN), c.groups);
    launch(LaunchShape{"conv k04_implicit_async", grid, THREADS, Tile<T, BN>::BYTES, p.stream},
           image_in_chunks(c) ? k04<T, BN, true> : k04<T, BN, false>, c, packed);
}

template <class T>
void correlate(const Correlation<T>& c, const Conv& p) {
    if constexpr (sizeof(T) >= 4)
        c.outputs <= 32 ? correlate_by<T, 32>(c, p) : correlate_by<T, 512 / sizeof(T)>(c, p);
}

template <class T>
void filter_gradient(const Correlation<T>& c, const Conv& p) {
    if constexpr (sizeof(T) >= 4) {
        typedef WgradTile<T> Tile;
        dim3 grid(blocks_for(c.terms(), Tile::TERMS), blocks_for(c.outputs, Tile::OUTS), c.groups);
        launch(LaunchShape{"conv k04_implicit_async wgrad", grid, Tile::THREADS, Tile::BYTES,
                           p.stream},
               image_in_chunks(c) && y_in_chunks(c) ? k04_wgrad<T, true> : k04_wgrad<T, false>, c);
    }
}

void fwd(const Conv& p) {
    run_fwd(p, [&](auto c) { correlate(c, p); });
}
void dgrad(const Conv& p) {
    run_dgrad(p, [&](auto c) { correlate(c, p); });
}
void wgrad(const Conv& p) {
    run_fwd(p, [&](auto c) { filter_gradient(c, p); });
}

}  // namespace

const ConvRung k04_implicit_async = {
    {"k04_implicit_async", "slices under way by cp.async while one is multiplied",
     "float32 or float64, compute capability 8.0"},
    {wide_types, fwd_pack, fwd},
    {wide_types, dgrad_pack, dgrad},
    {wide_types, no_workspace, wgrad}};

}  // namespace mt::conv
