// Threads that wait for others who never come, and blocks that do not wait at all.
#include "cuda/faults/launch.cuh"

namespace mt::faults {

namespace {

__device__ __forceinline__ long long index() {
    return blockIdx.x * (long long)TILE + threadIdx.x;
}

// y = x.
template <bool BROKEN>
__global__ void divergent(const float* x, float* y, long long) {
    y[index()] = x[index()];
    if (!BROKEN) {
        __syncthreads();
    } else if (threadIdx.x < 32) {
        __syncthreads();  // (fault) divergent_sync
    } else {
        __syncthreads();  // (fault) divergent_sync
    }
}

// y[i] = x[i + 1] within each 32, and the last one its own.
template <bool BROKEN>
__global__ void shuffle(const float* x, float* y, long long) {
    const float value = x[index()];
    if (BROKEN && threadIdx.x % 32 == 31) return;
    y[index()] = __shfl_down_sync(0xffffffffu, value, 1);  // (fault) shuffle_missing_lane
}

// y = x.
template <bool BROKEN>
__global__ void named(const float* x, float* y, long long) {
    y[index()] = x[index()];
    const int id = BROKEN && threadIdx.x >= 32 ? 2 : 1;
    ptx::named_sync(id, TILE);  // (fault) named_barrier_deadlock
}

// y = x.
__global__ void greedy(const float* x, float* y, long long) {
    MT_DYNAMIC_SHARED(float, tile);
    tile[threadIdx.x] = x[index()];
    y[index()] = tile[threadIdx.x];
}

// y: x's first tile in its own.
template <bool BROKEN>
__global__ void one_place(const float* x, float* y, long long) {
    if (BROKEN || blockIdx.x == 0) y[threadIdx.x] = x[index()];  // (fault) blocks_write_one_place
}

// y: x, but its last tile is the sum of all, by the block that comes last. y[0] counts, and ends
// as 0.
template <bool BROKEN>
__global__ void unfinished(const float* x, float* y, long long n) {
    MT_SHARED(bool, last);
    if (blockIdx.x) y[index()] = x[index()];  // (fault) blocks_read_unfinished
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        if (BROKEN)
            last = blockIdx.x == gridDim.x - 1;
        else
            last = atomicAdd(reinterpret_cast<int*>(y), 1) == int(gridDim.x) - 1;
    }
    __syncthreads();
    if (!last) return;
    float sum = 0;
    for (long long i = TILE + threadIdx.x; i < n; i += TILE)
        sum += y[i];  // (fault) blocks_read_unfinished
    __syncthreads();
    y[n - TILE + threadIdx.x] = sum;
    if (threadIdx.x == 0) atomicExch(reinterpret_cast<int*>(y), 0);
}

}  // namespace

void divergent_sync(const Problem& p) {
    run("faults divergent_sync", p, divergent<false>, divergent<true>, blocks_for(p.n, TILE));
}
void shuffle_missing_lane(const Problem& p) {
    run("faults shuffle_missing_lane", p, shuffle<false>, shuffle<true>, blocks_for(p.n, TILE));
}
void named_barrier_deadlock(const Problem& p) {
    run("faults named_barrier_deadlock", p, named<false>, named<true>, blocks_for(p.n, TILE));
}
void too_much_shared(const Problem& p) {
    LaunchShape shape{"faults too_much_shared", dim3(blocks_for(p.n, TILE)), dim3(TILE)};
    shape.dynamic_shared = p.broken ? 240000 : TILE * sizeof(float);
    launch(shape, greedy, p.x, p.y, p.n);
}
void blocks_write_one_place(const Problem& p) {
    run("faults blocks_write_one_place", p, one_place<false>, one_place<true>,
        blocks_for(p.n, TILE));
}
void blocks_read_unfinished(const Problem& p) {
    run("faults blocks_read_unfinished", p, unfinished<false>, unfinished<true>,
        blocks_for(p.n, TILE));
}

}  // namespace mt::faults
