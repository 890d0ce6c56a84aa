// A multicast: one copy of the copy engine that lands in several blocks of a cluster.
#include "cuda/common/cuda.cuh"
#include "cuda/probe/probes.hpp"

namespace mt::probe {

namespace {

constexpr int WARP = 32;

// Each of two blocks loads half of the rows of a tile (rows, 32) of float32, for both.
__global__ void __launch_bounds__(WARP)
    multicast_kernel(const __grid_constant__ ptx::TensorMap map, int rows, float* y) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    MT_DYNAMIC_SHARED(float, tile);
    MT_SHARED(std::uint64_t, full);
    const int rank = ptx::cluster_rank(), half = rows / 2;
    if (threadIdx.x == 0) {
        ptx::barrier_init(&full, 1);
        ptx::fence_barrier_init();
        ptx::barrier_expect(&full, rows * 32 * 4);
    }
    ptx::cluster_sync();  // both mbarriers must stand before either block's copy lands
    if (threadIdx.x == 0)
        ptx::tensor_load_multicast(tile + rank * half * 32, map, &full, {0, rank * half}, 3);
    ptx::barrier_wait(&full, 0);
    for (int i = threadIdx.x; i < rows * 32; i += WARP) y[rank * rows * 32 + i] = tile[i];
    ptx::cluster_sync();
#endif
}

}  // namespace

const ProbeRow tensor_load_multicast = {
    "tensor_load_multicast",
    "y (2, rows, 32) = x (rows, 32) twice: two blocks load half of it each, for both",
    90,
    999,
    [](const Probe& p) {
        if (p.numbers != 1 || p.number[0] % 8 || p.number[0] < 8 || p.number[0] > 512)
            return std::string("it takes the number of rows, a multiple of 8");
        return wants(p, {p.number[0] * 128}, p.number[0] * 256, 1);
    },
    [](const Probe& p) {
        const int rows = p.number[0];
        const TensorView x{Dtype::float32, p.in[0].data, 2, {32, rows}, {1, 32}};
        launch(LaunchShape{"probe tensor_load_multicast", dim3(2), dim3(WARP),
                           std::size_t(rows) * 128, p.stream, dim3(2)},
               multicast_kernel, ptx::tiled_map(x, {{32, rows / 2}}), rows,
               static_cast<float*>(p.out.data));
    }};

}  // namespace mt::probe
