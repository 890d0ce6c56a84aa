// wgmma: y (128, N / 2) = the accumulators of the warpgroup's threads. The operands come as the
// bytes of their shared memory, and a also as registers (128, 4).
#include "cuda/common/cuda.cuh"
#include "cuda/probe/probes.hpp"

namespace mt::probe {

namespace {

constexpr int WARPGROUP = 128;
enum Kind { F16, BF16, TF32 };
using ptx::Major;

// What the test says of the operands, in this order.
struct Numbers {
    int n, from_registers, a_major, b_major, swizzle;
    int a_leading, a_stride, a_advance, b_leading, b_stride, b_advance, steps, accumulate;
};

template <Kind KIND, Major A, Major B, int D>
__device__ __forceinline__ void multiply(float (&d)[D], std::uint64_t a, std::uint64_t b,
                                         bool accumulate) {
    if constexpr (KIND == F16)
        ptx::wgmma_f16<A, B>(d, a, b, accumulate);
    else if constexpr (KIND == BF16)
        ptx::wgmma_bf16<A, B>(d, a, b, accumulate);
    else
        ptx::wgmma_tf32(d, a, b, accumulate);
}

template <Kind KIND, Major B, int D>
__device__ __forceinline__ void multiply(float (&d)[D], const std::uint32_t (&a)[4],
                                         std::uint64_t b, bool accumulate) {
    if constexpr (KIND == F16) {
        ptx::wgmma_f16<B>(d, a, b, accumulate);
    } else if constexpr (KIND == BF16) {
        ptx::wgmma_bf16<B>(d, a, b, accumulate);
    } else {
        const float f[4] = {__uint_as_float(a[0]), __uint_as_float(a[1]), __uint_as_float(a[2]),
                            __uint_as_float(a[3])};
        ptx::wgmma_tf32(d, f, b, accumulate);
    }
}

template <Kind KIND, int N, bool REGISTERS, Major A, Major B>
__global__ void __launch_bounds__(WARPGROUP)
    kernel(const unsigned char* a, int a_bytes, const unsigned char* b, int b_bytes,
           const std::uint32_t* registers, const float* c, float* y, Numbers p) {
#if !defined(__CUDA_ARCH__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
    MT_DYNAMIC_SHARED(unsigned char, shared);
    unsigned char* const tile_b = shared + (a_bytes + 1023) / 1024 * 1024;
    const int thread = threadIdx.x;
    for (int i = thread; i < a_bytes; i += WARPGROUP) shared[i] = a[i];
    for (int i = thread; i < b_bytes; i += WARPGROUP) tile_b[i] = b[i];
    ptx::fence_async();
    __syncthreads();
    const Swizzle swizzle = Swizzle(p.swizzle);
    const std::uint64_t da = ptx::wgmma_descriptor(shared, swizzle, p.a_leading, p.a_stride);
    const std::uint64_t db = ptx::wgmma_descriptor(tile_b, swizzle, p.b_leading, p.b_stride);
    float d[N / 2];
    for (int i = 0; i < N / 2; i++) d[i] = c[thread * (N / 2) + i];
    std::uint32_t ra[4];
    for (int i = 0; i < 4; i++) ra[i] = registers[thread * 4 + i];
    ptx::wgmma_fence();
    for (int s = 0; s < p.steps; s++) {
        const std::uint64_t next_b = ptx::advance(db, s * p.b_advance);
        if constexpr (REGISTERS)
            multiply<KIND, B>(d, ra, next_b, s > 0 || p.accumulate);
        else
            multiply<KIND, A, B>(d, ptx::advance(da, s * p.a_advance), next_b,
                                 s > 0 || p.accumulate);
    }
    ptx::wgmma_commit();
    ptx::wgmma_wait<0>();
    for (int i = 0; i < N / 2; i++) y[thread * (N / 2) + i] = d[i];
#endif
}

Numbers numbers(const Probe& p) {
    const int* n = p.number;
    return {n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12]};
}

template <Kind KIND, int N, bool REGISTERS, Major A, Major B>
void run(const Probe& p) {
    const int a_bytes = int(p.in[0].bytes), b_bytes = int(p.in[1].bytes);
    LaunchShape shape{"probe wgmma", dim3(1), dim3(WARPGROUP),
                      std::size_t((a_bytes + 1023) / 1024 * 1024 + b_bytes), p.stream};
    launch(shape, kernel<KIND, N, REGISTERS, A, B>, static_cast<const unsigned char*>(p.in[0].data),
           a_bytes, static_cast<const unsigned char*>(p.in[1].data), b_bytes,
           static_cast<const std::uint32_t*>(p.in[2].data), static_cast<const float*>(p.in[3].data),
           static_cast<float*>(p.out.data), numbers(p));
}

// Every kind of operand for one N; for the other Ns, both operands from shared memory along K.
constexpr int SAMPLE = 64;

template <Kind KIND>
void choose_operands(const Probe& p) {
    const Numbers n = numbers(p);
    constexpr Major K = Major::K, MN = Major::MN;
    if constexpr (KIND == TF32) {
        return n.from_registers ? run<KIND, SAMPLE, true, K, K>(p)
                                : run<KIND, SAMPLE, false, K, K>(p);
    } else {
        if (n.from_registers)
            return n.b_major ? run<KIND, SAMPLE, true, K, MN>(p) : run<KIND, SAMPLE, true, K, K>(p);
        if (n.a_major)
            return n.b_major ? run<KIND, SAMPLE, false, MN, MN>(p)
                             : run<KIND, SAMPLE, false, MN, K>(p);
        return n.b_major ? run<KIND, SAMPLE, false, K, MN>(p) : run<KIND, SAMPLE, false, K, K>(p);
    }
}

template <int... NS>
bool choose_size(const Probe& p) {
    bool found = false;
    (void)std::initializer_list<int>{
        (p.number[0] == NS ? (run<BF16, NS, false, Major::K, Major::K>(p), found = true) : 0)...};
    return found;
}

std::string refuses(const Probe& p) {
    if (p.inputs != 4 || p.numbers != 13) return "it takes 4 inputs and 13 numbers";
    const long long d = WARPGROUP * 2ll * p.number[0];
    return wants(p, {p.in[0].bytes, p.in[1].bytes, WARPGROUP * 16, d}, d, 13);
}

std::string refuses_others(const Probe& p) {
    return p.numbers == 13 && p.number[0] != SAMPLE ? "it is for N = 64" : refuses(p);
}

}  // namespace

const ProbeRow wgmma_f16 = {
    "wgmma_f16",         "y (128, N / 2) after wgmma in float16, N = 64", 90, 90, refuses_others,
    choose_operands<F16>};
const ProbeRow wgmma_bf16 = {"wgmma_bf16", "the same in bfloat16", 90,
                             90,           refuses_others,         choose_operands<BF16>};
const ProbeRow wgmma_tf32 = {"wgmma_tf32", "the same in tf32", 90,
                             90,           refuses_others,     choose_operands<TF32>};
const ProbeRow wgmma_sizes = {
    "wgmma_sizes",
    "the same in bfloat16 for every N, both operands along K",
    90,
    90,
    refuses,
    [](const Probe& p) {
        if (!choose_size<8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256>(p))
            throw std::runtime_error("probe wgmma_sizes: there is no such N");
    }};

}  // namespace mt::probe
