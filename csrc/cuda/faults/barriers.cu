// Barriers that are not there.
#include "cuda/faults/launch.cuh"

namespace mt::faults {

namespace {

// y: each tile of x reversed.
template <bool BROKEN>
__global__ void after_load(const float* x, float* y, long long) {
    MT_SHARED(float[TILE], tile);
    const long long first = blockIdx.x * (long long)TILE;
    tile[threadIdx.x] = x[first + threadIdx.x];
    if (!BROKEN) __syncthreads();
    y[first + threadIdx.x] = tile[TILE - 1 - threadIdx.x];  // (fault) missing_sync_after_load
}

// y: the sum of x's tiles, reversed, in its first tile.
template <bool BROKEN>
__global__ void before_overwrite(const float* x, float* y, long long n) {
    MT_SHARED(float[TILE], tile);
    float sum = 0;
    for (long long first = 0; first < n; first += TILE) {
        tile[threadIdx.x] = x[first + threadIdx.x];  // (fault) missing_sync_before_overwrite
        __syncthreads();
        sum += tile[TILE - 1 - threadIdx.x];  // (fault) missing_sync_before_overwrite
        if (!BROKEN) __syncthreads();
    }
    y[threadIdx.x] = sum;
}

// y: each 32 elements of x reversed; one warp needs no more than __syncwarp.
template <bool BROKEN>
__global__ void within_warp(const float* x, float* y, long long) {
    MT_SHARED(float[TILE], tile);
    const long long first = blockIdx.x * (long long)TILE;
    tile[threadIdx.x] = x[first + threadIdx.x];
    if (!BROKEN) __syncwarp();
    y[first + threadIdx.x] = tile[threadIdx.x ^ 31];  // (fault) missing_syncwarp
}

}  // namespace

void missing_sync_after_load(const Problem& p) {
    run("faults missing_sync_after_load", p, after_load<false>, after_load<true>,
        blocks_for(p.n, TILE));
}
void missing_sync_before_overwrite(const Problem& p) {
    run("faults missing_sync_before_overwrite", p, before_overwrite<false>, before_overwrite<true>,
        1);
}
void missing_syncwarp(const Problem& p) {
    run("faults missing_syncwarp", p, within_warp<false>, within_warp<true>, blocks_for(p.n, TILE));
}

}  // namespace mt::faults
