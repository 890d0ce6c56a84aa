// The persistent, warp-specialised kernel of k19 (16 bits) and k21 (TF32): what its copying thread
// and its multiplying warps do.
#pragma once

#include "cuda/matmul/hopper.cuh"

namespace mt::matmul {

// The tile of that number, in an order that keeps what is computed at the same time together: bands
// of GROUP tile rows, columns of tiles within a band. 132 neighbours in a row of tiles would read
// 132 different parts of b; in bands of 8 they read 8 parts of a and 17 of b.
template <int BM, int BN, int GROUP = 8, class T>
__device__ __forceinline__ Tile banded_tile(const Arguments<T>& p, unsigned index) {
    const unsigned rows = unsigned((p.M + BM - 1) / BM), columns = unsigned((p.N + BN - 1) / BN);
    const unsigned l = index / (rows * columns), place = index % (rows * columns);
    const unsigned first = place / (GROUP * columns) * GROUP, within = place % (GROUP * columns);
    const unsigned height = rows - first < GROUP ? rows - first : GROUP;
    return {l, (first + within % height) * (long long)BM, within / height * (long long)BN};
}

template <class T, bool A_ALONG, bool B_ALONG>
struct Persistent {
    static constexpr int BM = 128, BN = 256, STAGES = 4, MULTIPLIERS = 2;
    static constexpr int THREADS = 128 * (1 + MULTIPLIERS);
    typedef BoxRing<T, BM, BN, A_ALONG, B_ALONG, STAGES> Ring;
    static_assert(sizeof(Ring) <= 227 * 1024, "the ring fits");
    static_assert(128 * (40 + 232 * MULTIPLIERS) <= 65536, "as many registers as there are");

    const Arguments<T>& p;
    unsigned tiles;
    Ring& ring;
    int steps = int((p.K + Ring::DEPTH - 1) / Ring::DEPTH);
    Place<STAGES> at = {};  // goes on from tile to tile

    // By one thread.
    __device__ __forceinline__ void copy(const Maps& maps) {
        for (unsigned index = blockIdx.x; index < tiles; index += gridDim.x) {
            const Tile tile = banded_tile<BM, BN>(p, index);
            for (int step = 0; step < steps; step++, at.next()) {
                ptx::barrier_wait(&ring.empty[at.stage], at.phase ^ 1);
                ring.load(at.stage, maps, tile, (long long)step * Ring::DEPTH);
            }
        }
    }

    __device__ __forceinline__ void release(int stage) {
        if (threadIdx.x % 32 == 0) ptx::barrier_arrive(&ring.empty[stage]);
    }

    // By the multiplying warpgroups; `row` is the first of a warpgroup's 64.
    __device__ __forceinline__ void multiply(int row) {
        for (unsigned index = blockIdx.x; index < tiles; index += gridDim.x) {
            const Tile tile = banded_tile<BM, BN>(p, index);
            float sums[BN / 2];
            int before = 0;
            for (int step = 0; step < steps; step++, at.next()) {
                ptx::barrier_wait(&ring.full[at.stage], at.phase);
                issue(sums, ring.a[at.stage], row, ring.b[at.stage], step == 0);
                ptx::wgmma_wait<1>();
                if (step > 0) release(before);
                before = at.stage;
            }
            ptx::wgmma_wait<0>();
            release(before);
            store_sums(p, tile.l, tile.m + row, tile.n, sums);
        }
    }

    __device__ __forceinline__ void run(const Maps& maps) {
        ring.init(4 * MULTIPLIERS);
        if (threadIdx.x < 128) {
            ptx::fewer_registers<40>();
            if (threadIdx.x == 0) copy(maps);
        } else {
            ptx::more_registers<232>();
            multiply((threadIdx.x / 128 - 1) * 64);
        }
    }
};

// A grid of as many blocks as there are multiprocessors, or tiles.
inline dim3 persistent_grid(unsigned tiles, int cluster = 1) {
    const unsigned most = unsigned(multiprocessors() / cluster * cluster);
    return dim3(tiles < most ? tiles : most);
}

}  // namespace mt::matmul
