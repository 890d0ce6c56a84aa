// What every family's rungs for compute capability 9.0 share: slabs that the copy engine (TMA)
// brings, their descriptors for wgmma, the ring that they pass through, and the loop of a block
// whose warps either copy or multiply.
#pragma once

#include "cuda/common/numbers.cuh"

namespace mt {

// COUNT rows of a (columns of b), 128 bytes of k deep, in the 128-byte swizzle that both the copy
// engine and wgmma know: no bank conflicts, and nobody computes an address.
//
// ALONG: one box, a row of 128 bytes for each i. Else boxes of 128 bytes of i for each k, one after
// another; wgmma transposes them (16-bit types only).
template <class T, int COUNT, bool ALONG>
struct BoxSlab {
    static constexpr int SPAN = 128 / sizeof(T), DEPTH = SPAN, BYTES = COUNT * 128;
    static constexpr ptx::Major MAJOR = ALONG ? ptx::Major::K : ptx::Major::MN;
    static_assert(COUNT % SPAN == 0 && COUNT <= 256, "whole boxes");
    alignas(1024) T data[COUNT * DEPTH];

    // Starts the copies of one of PARTS equal parts of the rows, by load(to, {axis 0, 1, batch}).
    template <int PARTS = 1, class Load>
    __device__ __forceinline__ void load(long long l, long long first, long long k, Load load,
                                         int part = 0) {
        constexpr int ROWS = COUNT / PARTS;
        const int begin = part * ROWS;
        if constexpr (ALONG)
            load(data + begin * DEPTH, {int(k), int(first) + begin, int(l)});
        else
#pragma unroll
            for (int i = begin; i < begin + ROWS; i += SPAN)
                load(data + i * DEPTH, {int(first) + i, int(k), int(l)});
    }

    // Of the part from row i and k on, for wgmma; the strides are dense.
    __device__ __forceinline__ std::uint64_t descriptor(int i, int k) const {
        constexpr int GROUP = 8 * 128;  // 8 rows of the swizzle's pattern
        if constexpr (ALONG)
            return ptx::wgmma_descriptor(data + i * DEPTH + k, Swizzle::b128, 16, GROUP);
        else
            return ptx::wgmma_descriptor(data + i * DEPTH + k * SPAN, Swizzle::b128, SPAN * 128,
                                         GROUP);
    }
};

// ---- rings --------------------------------------------------------------------------------------

// A stage, and the parity of its barriers' phase: it changes each time round.
template <int STAGES>
struct Place {
    int stage = 0, phase = 0;
    __device__ __forceinline__ void next() {
        if (++stage < STAGES) return;
        stage = 0;
        phase ^= 1;
    }
};

template <class T, int BM_, int BN_, bool A_ALONG, bool B_ALONG, int STAGES_>
struct BoxRing {
    static constexpr int BM = BM_, BN = BN_, STAGES = STAGES_;
    BoxSlab<T, BM, A_ALONG> a[STAGES];
    BoxSlab<T, BN, B_ALONG> b[STAGES];
    std::uint64_t full[STAGES], empty[STAGES];  // mbarriers
    static constexpr int DEPTH = BoxSlab<T, BM, A_ALONG>::DEPTH;

    // By all threads. A stage is full when its copies have landed, empty when `readers` arrived.
    __device__ __forceinline__ void init(int readers) {
        if (threadIdx.x == 0) {
            for (int s = 0; s < STAGES; s++) {
                ptx::barrier_init(&full[s], 1);
                ptx::barrier_init(&empty[s], readers);
            }
            ptx::fence_barrier_init();
        }
        __syncthreads();
    }

    // The barrier that a stage's copies are counted at, told of their bytes.
    __device__ __forceinline__ std::uint64_t* expect(int stage) {
        ptx::barrier_expect(&full[stage], a[stage].BYTES + b[stage].BYTES);
        return &full[stage];
    }
};

// ---- products -----------------------------------------------------------------------------------

template <ptx::Major A, ptx::Major B, int D>
__device__ __forceinline__ void wgmma(float16, float (&d)[D], std::uint64_t a, std::uint64_t b,
                                      bool accumulate) {
    ptx::wgmma_f16<A, B>(d, a, b, accumulate);
}
template <ptx::Major A, ptx::Major B, int D>
__device__ __forceinline__ void wgmma(bfloat16, float (&d)[D], std::uint64_t a, std::uint64_t b,
                                      bool accumulate) {
    ptx::wgmma_bf16<A, B>(d, a, b, accumulate);
}
template <ptx::Major A, ptx::Major B, int D>
__device__ __forceinline__ void wgmma(float, float (&d)[D], std::uint64_t a, std::uint64_t b,
                                      bool accumulate) {
    ptx::wgmma_tf32(d, a, b, accumulate);
}

// Issues the products of a slab: 64 rows of a from `row` on, by all columns of b. `fresh` forgets
// what d was.
template <class T, int BM, int BN, bool A_ALONG, bool B_ALONG>
__device__ __forceinline__ void issue(float (&d)[BN / 2], const BoxSlab<T, BM, A_ALONG>& a, int row,
                                      const BoxSlab<T, BN, B_ALONG>& b, bool fresh) {
    constexpr int STEP = 32 / sizeof(T);  // k of an instruction
    typedef BoxSlab<T, BM, A_ALONG> A;
    ptx::wgmma_fence();
#pragma unroll
    for (int k = 0; k < A::DEPTH; k += STEP)
        wgmma<A::MAJOR, BoxSlab<T, BN, B_ALONG>::MAJOR>(T(), d, a.descriptor(row, k),
                                                        b.descriptor(0, k), !fresh || k > 0);
    ptx::wgmma_commit();
}

// ---- blocks that go from tile to tile -----------------------------------------------------------

// A block of MULTIPLIERS multiplying warpgroups of 64 rows each, and behind them one thread that
// copies; BLOCKS of them share a multiprocessor. A block that has it for itself gives the sums more
// registers than a launch may ask for: there the copying thread has a warpgroup around it, whose
// registers go to the others (setmaxnreg is for whole warpgroups).
template <int BLOCKS_>
struct Crew {
    static constexpr int BLOCKS = BLOCKS_, MULTIPLIERS = 2, MULTIPLYING = 128 * MULTIPLIERS;
    static constexpr bool MOVES = BLOCKS == 1;
    static constexpr int THREADS = MULTIPLYING + (MOVES ? 128 : 32), FEW = 40, MANY = 232;
    static_assert(128 * (FEW + MANY * MULTIPLIERS) <= 65536, "as many registers as there are");

    // As many blocks as run at the same time, or as there are tiles.
    static dim3 grid(unsigned tiles) {
        const unsigned most = unsigned(multiprocessors() * BLOCKS);
        return dim3(tiles < most ? tiles : most);
    }

    // tile_at(index) makes a tile: its number of `steps`, one at least; load(ring, stage, step), by
    // which one thread starts the copies of one slab after the other; store(row, sums), by which a
    // warpgroup stores what its 64 rows from `row` on came to. The ring never runs dry between two
    // tiles: the copies of the next are under way while the sums of one are stored.
    template <class Ring, class TileAt>
    static __device__ __forceinline__ void run(Ring& ring, unsigned tiles, TileAt tile_at) {
        static_assert(Ring::BM == 64 * MULTIPLIERS, "the multiplying warpgroups cover the rows");
        ring.init(4 * MULTIPLIERS);
        if (threadIdx.x < MULTIPLYING) {
            if constexpr (MOVES) ptx::more_registers<MANY>();
            multiply(ring, tiles, tile_at, threadIdx.x / 128 * 64);
        } else {
            if constexpr (MOVES) ptx::fewer_registers<FEW>();
            if (threadIdx.x == MULTIPLYING) copy(ring, tiles, tile_at);
        }
    }

  private:
    template <class Ring, class TileAt>
    static __device__ __forceinline__ void copy(Ring& ring, unsigned tiles, TileAt tile_at) {
        Place<Ring::STAGES> at;  // goes on from tile to tile
        for (unsigned index = blockIdx.x; index < tiles; index += gridDim.x) {
            auto tile = tile_at(index);
            for (int step = 0; step < tile.steps; step++, at.next()) {
                ptx::barrier_wait(&ring.empty[at.stage], at.phase ^ 1);  // at first it passes
                tile.load(ring, at.stage, step);
            }
        }
    }

    // A stage is empty when each multiplying warp has said so, which it does when its products of
    // the next stage are under way.
    template <class Ring>
    static __device__ __forceinline__ void release(Ring& ring, int stage) {
        if (threadIdx.x % 32 == 0) ptx::barrier_arrive(&ring.empty[stage]);
    }

    template <class Ring, class TileAt>
    static __device__ __forceinline__ void multiply(Ring& ring, unsigned tiles, TileAt tile_at,
                                                    int row) {
        Place<Ring::STAGES> at;
        for (unsigned index = blockIdx.x; index < tiles; index += gridDim.x) {
            auto tile = tile_at(index);
            float sums[Ring::BN / 2];
            int before = 0;
            for (int step = 0; step < tile.steps; step++, at.next()) {
                ptx::barrier_wait(&ring.full[at.stage], at.phase);
                issue(sums, ring.a[at.stage], row, ring.b[at.stage], step == 0);
                ptx::wgmma_wait<1>();
                if (step > 0) release(ring, before);
                before = at.stage;
            }
            ptx::wgmma_wait<0>();
            release(ring, before);
            tile.store(row, sums);
        }
    }
};

}  // namespace mt
