// Addresses that are not the kernel's to touch, and memory that holds nothing yet.
#include "cuda/faults/launch.cuh"

namespace mt::faults {

namespace {

__device__ __forceinline__ long long index() {
    return blockIdx.x * (long long)TILE + threadIdx.x;
}

// y[i] = x[i] + x[i + 1], nothing being added at the end.
template <bool BROKEN>
__global__ void read_global(const float* x, float* y, long long n) {
    const long long i = index();
    float next = 0;
    if (BROKEN || i + 1 < n) next = x[i + 1];  // (fault) read_past_global
    y[i] = x[i] + next;
}

// y = x, by one block more than it takes.
template <bool BROKEN>
__global__ void write_global(const float* x, float* y, long long n) {
    const long long i = index();
    const float value = x[i < n ? i : 0];
    if (i < n + BROKEN) y[i] = value;  // (fault) write_past_global
}

// y[i] = x[i] + x[i + 1] within each tile.
template <bool BROKEN>
__global__ void read_shared(const float* x, float* y, long long) {
    MT_SHARED(float[TILE], tile);
    tile[threadIdx.x] = x[index()];
    __syncthreads();
    float next = 0;
    if (BROKEN || threadIdx.x + 1 < TILE) next = tile[threadIdx.x + 1];  // (fault) read_past_shared
    y[index()] = tile[threadIdx.x] + next;
}

// y = x, by a tile with room for an element before it.
template <bool BROKEN>
__global__ void write_shared(const float* x, float* y, long long) {
    MT_SHARED(float[TILE + !BROKEN], tile);
    tile[threadIdx.x + 1] = x[index()];  // (fault) write_past_shared
    __syncthreads();
    y[index()] = tile[threadIdx.x + 1];
}

// y: x where the index is even, else 0.
template <bool BROKEN>
__global__ void read_unwritten(const float* x, float* y, long long) {
    MT_SHARED(float[TILE], tile);
    if (threadIdx.x % 2 == 0) tile[threadIdx.x] = x[index()];
    if (!BROKEN && threadIdx.x % 2 == 1) tile[threadIdx.x] = 0;
    __syncthreads();
    y[index()] = tile[threadIdx.x];  // (fault) read_unwritten_shared
}

// y = x.
template <bool BROKEN>
__global__ void write_input(const float* x, float* y, long long) {
    y[index()] = x[index()];
    if (BROKEN) const_cast<float*>(x)[index()] = 0;  // (fault) write_to_input
}

// y = x, four elements at a time.
template <bool BROKEN>
__global__ void vectors(const float* x, float* y, long long) {
    const long long i = 4 * index() + (BROKEN && threadIdx.x + 1 < blockDim.x);
    const float4 four = *reinterpret_cast<const float4*>(x + i);  // (fault) misaligned_vector
    *reinterpret_cast<float4*>(y + i) = four;
}

}  // namespace

void read_past_global(const Problem& p) {
    run("faults read_past_global", p, read_global<false>, read_global<true>, blocks_for(p.n, TILE));
}
void write_past_global(const Problem& p) {
    run("faults write_past_global", p, write_global<false>, write_global<true>,
        blocks_for(p.n, TILE) + 1);
}
void read_past_shared(const Problem& p) {
    run("faults read_past_shared", p, read_shared<false>, read_shared<true>, blocks_for(p.n, TILE));
}
void write_past_shared(const Problem& p) {
    run("faults write_past_shared", p, write_shared<false>, write_shared<true>,
        blocks_for(p.n, TILE));
}
void read_unwritten_shared(const Problem& p) {
    run("faults read_unwritten_shared", p, read_unwritten<false>, read_unwritten<true>,
        blocks_for(p.n, TILE));
}
void write_to_input(const Problem& p) {
    run("faults write_to_input", p, write_input<false>, write_input<true>, blocks_for(p.n, TILE));
}
void misaligned_vector(const Problem& p) {
    run("faults misaligned_vector", p, vectors<false>, vectors<true>, 1, int(p.n / 4));
}

}  // namespace mt::faults
