// mma.sync: y = a b + c for one instruction's tile, fragments filled element by element as the
// comment of cuda/common/mma.cuh says. Everything is stored by rows: a (M, K), b (K, N), c (M, N).
#include "cuda/common/cuda.cuh"
#include "cuda/probe/probes.hpp"

namespace mt::probe {

namespace {

constexpr int WARP = 32;

__device__ __forceinline__ std::uint32_t pair(std::uint16_t low, std::uint16_t high) {
    return low | std::uint32_t(high) << 16;
}

template <bool BFLOAT>
__global__ void __launch_bounds__(WARP)
    multiply_16bit(const std::uint16_t* a, const std::uint16_t* b, const float* c, float* y) {
    constexpr int N = 8, K = 16;
    const int g = threadIdx.x / 4, t = threadIdx.x % 4;
    std::uint32_t fa[4], fb[2];
    float d[4];
    for (int i = 0; i < 4; i++) {
        const std::uint16_t* row = a + (g + 8 * (i % 2)) * K + 2 * t + 8 * (i / 2);
        fa[i] = pair(row[0], row[1]);
    }
    for (int i = 0; i < 2; i++) {
        const std::uint16_t* column = b + (2 * t + 8 * i) * N + g;
        fb[i] = pair(column[0], column[N]);
    }
    for (int i = 0; i < 4; i++) d[i] = c[(g + 8 * (i / 2)) * N + 2 * t + i % 2];
    if constexpr (BFLOAT)
        ptx::mma_bf16(d, fa, fb);
    else
        ptx::mma_f16(d, fa, fb);
    for (int i = 0; i < 4; i++) y[(g + 8 * (i / 2)) * N + 2 * t + i % 2] = d[i];
}

__global__ void __launch_bounds__(WARP)
    multiply_tf32(const float* a, const float* b, const float* c, float* y) {
    constexpr int N = 8, K = 8;
    const int g = threadIdx.x / 4, t = threadIdx.x % 4;
    float fa[4], fb[2], d[4];
    for (int i = 0; i < 4; i++) fa[i] = ptx::to_tf32(a[(g + 8 * (i % 2)) * K + t + 4 * (i / 2)]);
    for (int i = 0; i < 2; i++) fb[i] = ptx::to_tf32(b[(t + 4 * i) * N + g]);
    for (int i = 0; i < 4; i++) d[i] = c[(g + 8 * (i / 2)) * N + 2 * t + i % 2];
    ptx::mma_tf32(d, fa, fb);
    for (int i = 0; i < 4; i++) y[(g + 8 * (i / 2)) * N + 2 * t + i % 2] = d[i];
}

__global__ void __launch_bounds__(WARP)
    multiply_f64(const double* a, const double* b, const double* c, double* y) {
    constexpr int N = 8, K = 4;
    const int g = threadIdx.x / 4, t = threadIdx.x % 4;
    double d[2] = {c[g * N + 2 * t], c[g * N + 2 * t + 1]};
    ptx::mma_f64(d, a[g * K + t], b[t * N + g]);
    for (int i = 0; i < 2; i++) y[g * N + 2 * t + i] = d[i];
}

template <class T, class Sum, int M, int N, int K>
std::string refuses(const Probe& p) {
    return wants(p, {M * K * int(sizeof(T)), K * N * int(sizeof(T)), M * N * int(sizeof(Sum))},
                 M * N * int(sizeof(Sum)));
}

template <class T, class Sum>
void run(const Probe& p, const char* name, void (*kernel)(const T*, const T*, const Sum*, Sum*)) {
    launch(LaunchShape{name, dim3(1), dim3(WARP), 0, p.stream}, kernel,
           static_cast<const T*>(p.in[0].data), static_cast<const T*>(p.in[1].data),
           static_cast<const Sum*>(p.in[2].data), static_cast<Sum*>(p.out.data));
}

}  // namespace

const ProbeRow mma_f16 = {
    "mma_f16",
    "y (16, 8) = a (16, 16) b (16, 8) + c in float16, sums in float32",
    80,
    999,
    refuses<std::uint16_t, float, 16, 8, 16>,
    [](const Probe& p) { run<std::uint16_t, float>(p, "probe mma_f16", multiply_16bit<false>); }};
const ProbeRow mma_bf16 = {
    "mma_bf16",
    "y (16, 8) = a (16, 16) b (16, 8) + c in bfloat16, sums in float32",
    80,
    999,
    refuses<std::uint16_t, float, 16, 8, 16>,
    [](const Probe& p) { run<std::uint16_t, float>(p, "probe mma_bf16", multiply_16bit<true>); }};
const ProbeRow mma_tf32 = {
    "mma_tf32",
    "y (16, 8) = a (16, 8) b (8, 8) + c, a and b rounded to tf32",
    80,
    999,
    refuses<float, float, 16, 8, 8>,
    [](const Probe& p) { run<float, float>(p, "probe mma_tf32", multiply_tf32); }};
const ProbeRow mma_f64 = {
    "mma_f64",
    "y (8, 8) = a (8, 4) b (4, 8) + c in float64",
    80,
    999,
    refuses<double, double, 8, 8, 4>,
    [](const Probe& p) { run<double, double>(p, "probe mma_f64", multiply_f64); }};

}  // namespace mt::probe
