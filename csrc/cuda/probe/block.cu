// What the threads of a block wait at: named barriers, cp.async, mbarriers. One warp produces a
// stream of rows in shared memory, another consumes them: y (ROWS, 32) = 2 x + row.
#include "cuda/common/cuda.cuh"
#include "cuda/probe/probes.hpp"

namespace mt::probe {

namespace {

constexpr int WARP = 32, ROWS = 9, STAGES = 2;

// Two named barriers to a stage: 1, 2 when it is full, 3, 4 when it is free again.
__global__ void __launch_bounds__(2 * WARP) named_kernel(const int* x, int* y) {
    MT_SHARED(int[STAGES][WARP], ring);
    const int lane = threadIdx.x % WARP;
    const bool producer = threadIdx.x < WARP;
    for (int row = 0; row < ROWS; row++) {
        const int stage = row % STAGES, full = 1 + stage, free = 3 + stage;
        if (producer) {
            if (row >= STAGES) ptx::named_sync(free, 2 * WARP);
            ring[stage][lane] = 2 * x[row * WARP + lane];
            ptx::named_arrive(full, 2 * WARP);
        } else {
            ptx::named_sync(full, 2 * WARP);
            y[row * WARP + lane] = ring[stage][WARP - 1 - lane] + row;
            if (row + STAGES < ROWS) ptx::named_arrive(free, 2 * WARP);
        }
    }
}

// The same with mbarriers, whose phases alternate.
__global__ void __launch_bounds__(2 * WARP) mbarrier_kernel(const int* x, int* y) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    MT_SHARED(int[STAGES][WARP], ring);
    MT_SHARED(std::uint64_t[STAGES], full);
    MT_SHARED(std::uint64_t[STAGES], free);
    const int lane = threadIdx.x % WARP;
    if (threadIdx.x == 0)
        for (int s = 0; s < STAGES; s++) {
            ptx::barrier_init(&full[s], WARP);
            ptx::barrier_init(&free[s], WARP);
        }
    __syncthreads();
    for (int row = 0; row < ROWS; row++) {
        const int stage = row % STAGES, parity = row / STAGES % 2;
        if (threadIdx.x < WARP) {
            ptx::barrier_wait(&free[stage], parity ^ 1);  // the first time round it is free
            ring[stage][lane] = 2 * x[row * WARP + lane];
            ptx::barrier_arrive(&full[stage]);
        } else {
            ptx::barrier_wait(&full[stage], parity);
            y[row * WARP + lane] = ring[stage][WARP - 1 - lane] + row;
            ptx::barrier_arrive(&free[stage]);
        }
    }
#endif
}

// One warp that copies rows ahead of itself.
__global__ void __launch_bounds__(WARP) copy_kernel(const int* x, int* y) {
    MT_SHARED(int[STAGES][WARP], ring);
    const int lane = threadIdx.x;
    for (int row = 0; row < STAGES - 1; row++) {
        ptx::copy_async<4>(&ring[row][lane], x + row * WARP + lane);
        ptx::copy_commit();
    }
    for (int row = 0; row < ROWS; row++) {
        const int ahead = row + STAGES - 1;
        const bool some = ahead < ROWS;
        ptx::copy_async<4>(&ring[ahead % STAGES][lane], some ? x + ahead * WARP + lane : x, some);
        ptx::copy_commit();
        ptx::copy_wait<STAGES - 1>();
        __syncthreads();
        y[row * WARP + lane] = 2 * ring[row % STAGES][WARP - 1 - lane] + row;
        __syncthreads();
    }
    ptx::copy_wait<0>();
}

std::string refuses(const Probe& p) {
    return wants(p, {ROWS * WARP * 4}, ROWS * WARP * 4);
}

void run(const Probe& p, int threads, void (*kernel)(const int*, int*)) {
    launch(LaunchShape{"probe block", dim3(1), dim3(threads), 0, p.stream}, kernel,
           static_cast<const int*>(p.in[0].data), static_cast<int*>(p.out.data));
}

}  // namespace

const ProbeRow named_barriers = {
    "named_barriers", "y (9, 32) = 2 x + row, lanes reversed: by named barriers", 80, 999,
    refuses,          [](const Probe& p) { run(p, 2 * WARP, named_kernel); }};
const ProbeRow mbarriers = {"mbarriers", "the same by mbarriers",
                            90,          999,
                            refuses,     [](const Probe& p) { run(p, 2 * WARP, mbarrier_kernel); }};
const ProbeRow copy_async = {"copy_async", "the same by cp.async",
                             80,           999,
                             refuses,      [](const Probe& p) { run(p, WARP, copy_kernel); }};

}  // namespace mt::probe
