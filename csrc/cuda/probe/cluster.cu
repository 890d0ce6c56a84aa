// Clusters: blocks that read each other's shared memory, and arrive at each other's mbarriers.
#include "cuda/common/cuda.cuh"
#include "cuda/probe/probes.hpp"

namespace mt::probe {

namespace {

constexpr int WARP = 32, MOST = 8;

// y[rank] = the next block's row of x, read from that block.
__global__ void __launch_bounds__(WARP) read_kernel(const int* x, int* y) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    MT_SHARED(int[WARP], row);
    const int rank = ptx::cluster_rank(), size = ptx::cluster_size(), lane = threadIdx.x;
    row[lane] = x[rank * WARP + lane];
    ptx::cluster_sync();
    y[rank * WARP + lane] = (*ptx::peer(&row, (rank + 1) % size))[WARP - 1 - lane];
    ptx::cluster_sync();  // no block may end while another reads its memory
#endif
}

// The same by writing into the block before, which waits at its mbarrier for all 32 writers.
__global__ void __launch_bounds__(WARP) write_kernel(const int* x, int* y) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    MT_SHARED(int[WARP], row);
    MT_SHARED(std::uint64_t, full);
    const int rank = ptx::cluster_rank(), size = ptx::cluster_size(), lane = threadIdx.x;
    if (lane == 0) {
        ptx::barrier_init(&full, WARP);
        ptx::fence_barrier_init();
    }
    ptx::cluster_sync();
    const int to = (rank + size - 1) % size;
    (*ptx::peer(&row, to))[WARP - 1 - lane] = x[rank * WARP + lane];
    ptx::barrier_arrive_at(&full, to);
    ptx::barrier_wait_cluster(&full, 0);
    y[rank * WARP + lane] = row[lane];
    ptx::cluster_sync();
#endif
}

// A block ends between two phases of the others.
__global__ void __launch_bounds__(WARP) leave_kernel(const int* x, int* y) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    const int rank = ptx::cluster_rank(), lane = threadIdx.x;
    y[rank * WARP + lane] = x[rank * WARP + lane];
    for (int phase = 0; phase < rank; phase++) ptx::cluster_sync();
#endif
}

std::string refuses(const Probe& p) {
    if (p.numbers != 1 || p.number[0] < 1 || p.number[0] > MOST)
        return "it takes the size of the cluster, 1 to 8";
    return wants(p, {p.number[0] * WARP * 4}, p.number[0] * WARP * 4, 1);
}

void run(const Probe& p, void (*kernel)(const int*, int*)) {
    const dim3 size(p.number[0]);
    launch(LaunchShape{"probe cluster", size, dim3(WARP), 0, p.stream, size}, kernel,
           static_cast<const int*>(p.in[0].data), static_cast<int*>(p.out.data));
}

}  // namespace

const ProbeRow cluster_read = {"cluster_read",
                               "y (n, 32) = the next row of x, reversed, read from its block",
                               90,
                               999,
                               refuses,
                               [](const Probe& p) { run(p, read_kernel); }};
const ProbeRow cluster_write = {
    "cluster_write", "the same, written by that block",           90, 999,
    refuses,         [](const Probe& p) { run(p, write_kernel); }};
const ProbeRow cluster_leave = {"cluster_leave",
                                "y (n, 32) = x; block r meets the others r times, then ends",
                                90,
                                999,
                                refuses,
                                [](const Probe& p) { run(p, leave_kernel); }};

}  // namespace mt::probe
