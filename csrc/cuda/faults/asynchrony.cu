// Copies and ring slots that are used too early, or given away too early.
#include "cuda/faults/launch.cuh"

namespace mt::faults {

namespace {

constexpr int SLOTS = 2, SLOT = 32;

// y: the sum of x's runs of 32, reversed, in its first 32. Warp 0 consumes what warp 1 produces.
template <bool BROKEN>
__global__ void ring(const float* x, float* y, long long n) {
    MT_SHARED(float[SLOTS][SLOT], slots);
    MT_SHARED(std::uint64_t[SLOTS], full);
    MT_SHARED(std::uint64_t[SLOTS], empty);
    const int lane = threadIdx.x % SLOT;
    if (threadIdx.x == 0)
        for (int s = 0; s < SLOTS; s++) {
            ptx::barrier_init(&full[s], SLOT);
            ptx::barrier_init(&empty[s], SLOT);
        }
    __syncthreads();
    const int rounds = int(n / SLOT);
    float sum = 0;
    for (int i = 0; i < rounds; i++) {
        const int s = i % SLOTS, parity = i / SLOTS % 2;
        if (threadIdx.x >= SLOT) {
            if (i >= SLOTS) ptx::barrier_wait(&empty[s], parity ^ 1);
            slots[s][lane] = x[i * SLOT + lane];  // (fault) early_release
            ptx::barrier_arrive(&full[s]);
        } else {
            ptx::barrier_wait(&full[s], parity);
            if (BROKEN) ptx::barrier_arrive(&empty[s]);
            if (BROKEN) __syncwarp();
            sum += slots[s][SLOT - 1 - lane];  // (fault) early_release
            if (!BROKEN) ptx::barrier_arrive(&empty[s]);
        }
    }
    if (threadIdx.x < SLOT) y[lane] = sum;
}

// y: each tile of x reversed.
template <bool BROKEN>
__global__ void copies(const float* x, float* y, long long) {
    MT_SHARED(float[TILE], tile);
    const long long first = blockIdx.x * (long long)TILE;
    ptx::copy_async<4>(&tile[threadIdx.x], &x[first + threadIdx.x]);
    ptx::copy_commit();
    if (!BROKEN) ptx::copy_wait<0>();
    __syncthreads();
    y[first + threadIdx.x] = tile[TILE - 1 - threadIdx.x];  // (fault) unwaited_copy
    if (BROKEN) ptx::copy_wait<0>();
}

}  // namespace

void early_release(const Problem& p) {
    run("faults early_release", p, ring<false>, ring<true>, 1);
}
void unwaited_copy(const Problem& p) {
    run("faults unwaited_copy", p, copies<false>, copies<true>, blocks_for(p.n, TILE));
}

}  // namespace mt::faults
