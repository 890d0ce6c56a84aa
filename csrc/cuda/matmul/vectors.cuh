// Tiles in shared memory, filled 16 bytes at a time. For k06_vectorised and k07_warp_tiled.
#pragma once

#include "cuda/matmul/operands.cuh"

namespace mt::matmul {

// Four elements more than a row of a tile needs keep rows aligned to 16 bytes, and shift each by
// four banks against the last: threads that go along k write to different banks.
constexpr int SKEW = 4;

// A chunk of 16 bytes, or what of it lies inside: `left` elements.
template <class T>
__device__ __forceinline__ Pack<T, WIDE<T>> read_chunk(const T* from, int left) {
    Pack<T, WIDE<T>> chunk;
    if (left >= WIDE<T>) return *reinterpret_cast<const Pack<T, WIDE<T>>*>(from);
#pragma unroll
    for (int e = 0; e < WIDE<T>; e++) chunk.v[e] = e < left ? from[e] : T(0.0f);
    return chunk;
}

// As load_tile, where the operand's chunks are aligned; else load_tile itself.
template <int THREADS, int COUNT, int DEPTH, class T>
__device__ __forceinline__ void load_tile_wide(Sum<T> (&tile)[DEPTH][COUNT + SKEW],
                                               const Side<T>& side, long long l, long long first,
                                               long long k0, long long K) {
    if (!side.wide) return load_tile<THREADS, COUNT, DEPTH, SKEW>(tile, side, l, first, k0, K);
    constexpr int V = WIDE<T>, CHUNKS = COUNT * DEPTH / V;
    static_assert(CHUNKS % THREADS == 0 || CHUNKS < THREADS, "copies come out even");
    const int t = threadIdx.x;
    const int count = least(COUNT, side.count - first), depth = least(DEPTH, K - k0);
    if (t >= CHUNKS) return;
    if (side.along == 1) {
        const int i = t / (DEPTH / V), k = t % (DEPTH / V) * V;
        constexpr int STEP = THREADS / (DEPTH / V);
        const T* from = side.at(l, first + i, k0 + k);
#pragma unroll
        for (int j = 0; j < COUNT && i + j < COUNT; j += STEP) {
            const auto chunk = read_chunk(from + j * side.across, i + j < count ? depth - k : 0);
#pragma unroll
            for (int e = 0; e < V; e++) tile[k + e][i + j] = Sum<T>(chunk.v[e]);
        }
    } else {
        const int i = t % (COUNT / V) * V, k = t / (COUNT / V);
        constexpr int STEP = THREADS / (COUNT / V);
        const T* from = side.at(l, first + i, k0 + k);
#pragma unroll
        for (int j = 0; j < DEPTH; j += STEP) {
            const auto chunk = read_chunk(from + j * side.along, k + j < depth ? count - i : 0);
#pragma unroll
            for (int e = 0; e < V; e++) tile[k + j][i + e] = Sum<T>(chunk.v[e]);
        }
    }
}

// Four neighbours of a row of a tile.
template <class S>
__device__ __forceinline__ void read_quad(S* to, const S* from) {
#pragma unroll
    for (int e = 0; e < 4; e += WIDE<S>) {
        const auto chunk = *reinterpret_cast<const Pack<S, WIDE<S>>*>(from + e);
#pragma unroll
        for (int i = 0; i < WIDE<S>; i++) to[e + i] = chunk.v[i];
    }
}

}  // namespace mt::matmul
