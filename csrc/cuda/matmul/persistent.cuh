// The persistent, warp-specialised kernel of k19 (16 bits) and k21 (TF32). Crew, in
// common/hopper.cuh, has what its copying thread and its multiplying warps do.
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
struct Persistent : Crew<1> {
    static constexpr int BM = 128, BN = 256;
    typedef BoxRing<T, BM, BN, A_ALONG, B_ALONG, 4> Ring;
    static_assert(sizeof(Ring) <= 227 * 1024, "the ring fits");

    struct Walk {
        const Arguments<T>& p;
        const Maps& maps;
        Tile tile;
        int steps;
        __device__ __forceinline__ void load(Ring& ring, int stage, int step) {
            ring.load(stage, maps, tile, (long long)step * Ring::DEPTH);
        }
        __device__ __forceinline__ void store(int row, const float (&sums)[BN / 2]) {
            store_sums(p, tile.l, tile.m + row, tile.n, sums);
        }
    };

    static __device__ __forceinline__ void run(const Arguments<T>& p, const Maps& maps,
                                               unsigned tiles, Ring& ring) {
        const int steps = int((p.K + Ring::DEPTH - 1) / Ring::DEPTH);
        Crew<1>::run(ring, tiles, [&](unsigned index) {
            return Walk{p, maps, banded_tile<BM, BN>(p, index), steps};
        });
    }
};

// A grid of as many blocks as there are multiprocessors, or tiles.
inline dim3 persistent_grid(unsigned tiles, int cluster = 1) {
    const unsigned most = unsigned(multiprocessors() / cluster * cluster);
    return dim3(tiles < most ? tiles : most);
}

}  // namespace mt::matmul
