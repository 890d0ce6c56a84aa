// ldmatrix: four matrices of 8 x 8 elements of 16 bits from shared memory; y (32, 4) has what each
// lane's registers become. stmatrix is the way back.
#include "cuda/common/cuda.cuh"
#include "cuda/probe/probes.hpp"

namespace mt::probe {

namespace {

constexpr int WARP = 32, MATRICES = 4, SIDE = 8;

template <int COUNT, bool TRANSPOSED>
__device__ void load(const std::uint16_t (&tiles)[MATRICES][SIDE][SIDE], std::uint32_t* y) {
    std::uint32_t r[COUNT];
    // Lanes beyond the last matrix's must come, and their addresses are not read.
    const int lane = threadIdx.x % (COUNT * SIDE);
    if constexpr (TRANSPOSED)
        ptx::load_matrix_transposed(r, tiles[lane / SIDE][lane % SIDE]);
    else
        ptx::load_matrix(r, tiles[lane / SIDE][lane % SIDE]);
    for (int i = 0; i < COUNT; i++) y[threadIdx.x * MATRICES + i] = r[i];
}

template <bool TRANSPOSED>
__global__ void __launch_bounds__(WARP)
    load_kernel(const std::uint16_t* x, std::uint32_t* y, int count) {
    MT_SHARED(std::uint16_t[MATRICES][SIDE][SIDE], tiles);
    for (int i = threadIdx.x; i < MATRICES * SIDE * SIDE; i += WARP)
        tiles[i / (SIDE * SIDE)][i / SIDE % SIDE][i % SIDE] = x[i];
    for (int i = 0; i < MATRICES; i++) y[threadIdx.x * MATRICES + i] = 0;
    __syncthreads();
    if (count == 1) load<1, TRANSPOSED>(tiles, y);
    if (count == 2) load<2, TRANSPOSED>(tiles, y);
    if (count == 4) load<4, TRANSPOSED>(tiles, y);
}

template <int COUNT, bool TRANSPOSED>
__device__ void store(std::uint16_t (&tiles)[MATRICES][SIDE][SIDE], const std::uint32_t* x) {
    std::uint32_t r[COUNT];
    for (int i = 0; i < COUNT; i++) r[i] = x[threadIdx.x * MATRICES + i];
    const int lane = threadIdx.x % (COUNT * SIDE);
    if constexpr (TRANSPOSED)
        ptx::store_matrix_transposed(r, tiles[lane / SIDE][lane % SIDE]);
    else
        ptx::store_matrix(r, tiles[lane / SIDE][lane % SIDE]);
}

template <bool TRANSPOSED>
__global__ void __launch_bounds__(WARP)
    store_kernel(const std::uint32_t* x, std::uint16_t* y, int count) {
    MT_SHARED(std::uint16_t[MATRICES][SIDE][SIDE], tiles);
    for (int i = threadIdx.x; i < MATRICES * SIDE * SIDE; i += WARP)
        tiles[i / (SIDE * SIDE)][i / SIDE % SIDE][i % SIDE] = 0;
    __syncthreads();
    if (count == 1) store<1, TRANSPOSED>(tiles, x);
    if (count == 2) store<2, TRANSPOSED>(tiles, x);
    if (count == 4) store<4, TRANSPOSED>(tiles, x);
    __syncthreads();
    for (int i = threadIdx.x; i < MATRICES * SIDE * SIDE; i += WARP)
        y[i] = tiles[i / (SIDE * SIDE)][i / SIDE % SIDE][i % SIDE];
}

constexpr int TILE_BYTES = MATRICES * SIDE * SIDE * 2, REGISTER_BYTES = WARP * MATRICES * 4;

std::string refuses(const Probe& p) {
    std::string reason = wants(p, {TILE_BYTES}, REGISTER_BYTES, 1);
    if (!reason.empty()) return reason;
    static_assert(TILE_BYTES == REGISTER_BYTES, "the same check serves both ways");
    int count = p.number[0];
    return count == 1 || count == 2 || count == 4 ? "" : "ldmatrix loads 1, 2 or 4 matrices";
}

template <bool TRANSPOSED>
void run(const Probe& p) {
    launch(LaunchShape{"probe load_matrix", dim3(1), dim3(WARP), 0, p.stream},
           load_kernel<TRANSPOSED>, static_cast<const std::uint16_t*>(p.in[0].data),
           static_cast<std::uint32_t*>(p.out.data), p.number[0]);
}

template <bool TRANSPOSED>
void run_store(const Probe& p) {
    launch(LaunchShape{"probe store_matrix", dim3(1), dim3(WARP), 0, p.stream},
           store_kernel<TRANSPOSED>, static_cast<const std::uint32_t*>(p.in[0].data),
           static_cast<std::uint16_t*>(p.out.data), p.number[0]);
}

}  // namespace

const ProbeRow store_matrix = {
    "store_matrix",  "y (4, 8, 8) after stmatrix of registers (32, 4)", 90, 999, refuses,
    run_store<false>};
const ProbeRow store_matrix_transposed = {
    "store_matrix_transposed", "the same for stmatrix.trans", 90, 999, refuses, run_store<true>};
const ProbeRow load_matrix = {
    "load_matrix", "the registers (32, 4) after ldmatrix of x (4, 8, 8)", 80, 999, refuses,
    run<false>};
const ProbeRow load_matrix_transposed = {
    "load_matrix_transposed", "the same for ldmatrix.trans", 80, 999, refuses, run<true>};

}  // namespace mt::probe
