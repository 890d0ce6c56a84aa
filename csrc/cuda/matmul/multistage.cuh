// The main loop of k08_multistage and k09_split_k: slabs of a and b come into a ring of stages in
// shared memory by cp.async, while the threads compute on the oldest stage.
//
// A stage holds its slab as [k][i], whatever the operand's layout. Where an operand is contiguous
// along k, it is transposed by copying single elements (cp.async copies 4, 8 or 16 bytes, so this
// takes float32 and float64); else in chunks of 16 bytes.
#pragma once

#include "cuda/matmul/vectors.cuh"

namespace mt::matmul {

inline std::string supports_copies(const Matmul& p) {
    if (size_of(p.dtype) < 4) return "cp.async copies no single elements of 2 bytes";
    return supports_majors(p);
}

template <class T, int BM_, int BN_, int WARPS_M_, int WARPS_N_>
struct Multistage {
    static constexpr int BM = BM_, BN = BN_, WARPS_M = WARPS_M_, WARPS_N = WARPS_N_;
    static constexpr int BK = 64 / sizeof(T), STAGES = 3, THREADS = 32 * WARPS_M * WARPS_N;
    static constexpr int LANES_M = 8, LANES_N = 4;
    static constexpr int QUADS_M = BM / WARPS_M / LANES_M / 4, QUADS_N = BN / WARPS_N / LANES_N / 4;
    static_assert(QUADS_M * 4 * LANES_M * WARPS_M == BM && QUADS_N * 4 * LANES_N * WARPS_N == BN,
                  "quads, lanes and warps make up the tile");
    static constexpr int V = WIDE<T>;
    static_assert(BM / V * BK % THREADS == 0 && BN / V * BK % THREADS == 0, "copies come out even");
    static_assert(THREADS % BM == 0 && THREADS % BN == 0 && BM * 8 % THREADS == 0,
                  "a thread keeps its column of the slab");

    struct Stage {
        alignas(16) T a[BK][BM + SKEW];
        alignas(16) T b[BK][BN + SKEW];
    };
    static constexpr std::size_t BYTES = STAGES * sizeof(Stage);

    T sums[QUADS_M * 4][QUADS_N * 4] = {};
    int row, column;  // of this thread's first quad in the tile

    __device__ Multistage() {
        const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        row = warp / WARPS_N * (BM / WARPS_M) + lane / LANES_N * 4;
        column = warp % WARPS_N * (BN / WARPS_N) + lane % LANES_N * 4;
    }

    // One operand's copies: where this thread reads in the next slab.
    template <int COUNT>
    struct Fetch {
        const Side<T>& side;
        bool along, wide;
        int i, k, count;  // this thread's first place in a slab; rows (columns) inside
        const T* from;

        __device__ Fetch(const Side<T>& side, long long l, long long first, long long k0)
            : side(side), along(side.along == 1), wide(!along && side.wide) {
            const int t = threadIdx.x;
            // Along k eight threads read a sector; with SKEW, what a warp writes then falls into
            // 32 banks.
            i = along ? t / 8 : wide ? t % (COUNT / V) * V : t % COUNT;
            k = along ? t % 8 : wide ? t / (COUNT / V) : t / COUNT;
            count = least(COUNT, side.count - first);
            from = side.at(l, first + i, k0 + k);
        }

        // Starts the copies of the slab, `depth` deep, and goes on to the next.
        __device__ __forceinline__ void start(T (&slab)[BK][COUNT + SKEW], int depth) {
            if (along) {
                constexpr int STEP = THREADS / 8, ROUNDS = (COUNT + STEP - 1) / STEP;
#pragma unroll
                for (int e = 0; e < ROUNDS * (BK / 8); e++)
                    copy(slab, i + e % ROUNDS * STEP, k + e / ROUNDS * 8, depth,
                         from + e % ROUNDS * STEP * side.across + e / ROUNDS * 8);
            } else if (wide) {
                constexpr int STEP = THREADS / (COUNT / V);
#pragma unroll
                for (int e = 0; e < BK / STEP; e++)
                    copy_chunk(slab, i, k + e * STEP, depth, from + e * STEP * side.along);
            } else {
                constexpr int STEP = THREADS / COUNT;
#pragma unroll 4
                for (int e = 0; e < BK / STEP; e++)
                    copy(slab, i, k + e * STEP, depth, from + e * STEP * side.along);
            }
            from += BK * side.along;
        }

        __device__ __forceinline__ void copy(T (&slab)[BK][COUNT + SKEW], int to_i, int to_k,
                                             int depth, const T* element) {
            const bool valid = to_i < count && to_k < depth;
            ptx::copy_async<sizeof(T)>(&slab[to_k][to_i], valid ? element : side.data, valid);
        }
        __device__ __forceinline__ void copy_chunk(T (&slab)[BK][COUNT + SKEW], int to_i, int to_k,
                                                   int depth, const T* chunk) {
            const bool valid = to_i < count && to_k < depth;
            if (!valid || to_i + V <= count)
                return ptx::copy_async<16>(&slab[to_k][to_i], valid ? chunk : side.data, valid);
            for (int e = 0; e < V; e++) copy(slab, to_i + e, to_k, depth, chunk + e);
        }
    };

    __device__ __forceinline__ void multiply(const Stage& stage) {
#pragma unroll
        for (int k = 0; k < BK; k++) {
            T a[QUADS_M * 4], b[QUADS_N * 4];
#pragma unroll
            for (int i = 0; i < QUADS_M; i++)
                read_quad(a + 4 * i, &stage.a[k][row + i * LANES_M * 4]);
#pragma unroll
            for (int j = 0; j < QUADS_N; j++)
                read_quad(b + 4 * j, &stage.b[k][column + j * LANES_N * 4]);
#pragma unroll
            for (int i = 0; i < QUADS_M * 4; i++)
#pragma unroll
                for (int j = 0; j < QUADS_N * 4; j++) sums[i][j] += a[i] * b[j];
        }
    }

    // Adds the products of k from `first` to `last` - 1. Each step waits for one slab, and starts
    // the copy of a later one into the stage that everybody left before the barrier. Groups are
    // committed even when empty: the count of groups stands for the count of steps.
    __device__ __forceinline__ void run(const Arguments<T>& p, const Tile& tile, long long first,
                                        long long last, Stage* stages) {
        const int depth = int(last - first), steps = int((last - first + BK - 1) / BK);
        Fetch<BM> a(p.a, tile.l, tile.m, first);
        Fetch<BN> b(p.b, tile.l, tile.n, first);
        auto start = [&](int step) {
            Stage& stage = stages[step % STAGES];
            if (step < steps) {
                a.start(stage.a, depth - step * BK);
                b.start(stage.b, depth - step * BK);
            }
            ptx::copy_commit();
        };
        for (int s = 0; s < STAGES - 1; s++) start(s);
        for (int step = 0; step < steps; step++) {
            ptx::copy_wait<STAGES - 2>();
            __syncthreads();
            start(step + STAGES - 1);
            multiply(stages[step % STAGES]);
        }
        ptx::copy_wait<0>();
    }

    // Hands the sums on: give(m, n, four neighbours of a row of y).
    template <class Give>
    __device__ __forceinline__ void finish(const Tile& tile, Give give) {
#pragma unroll
        for (int i = 0; i < QUADS_M * 4; i++)
#pragma unroll
            for (int j = 0; j < QUADS_N; j++)
                give(tile.m + row + i / 4 * LANES_M * 4 + i % 4, tile.n + column + j * LANES_N * 4,
                     &sums[i][4 * j]);
    }
};

// Calls run(T()) for the two types that cp.async copies.
template <class Run>
void by_copied_type(Dtype dtype, Run run) {
    return dtype == Dtype::float64 ? run(double()) : run(float());
}

}  // namespace mt::matmul
