// Tensor cores, a warpgroup at a time: wgmma (compute capability 9.0 only; newer chips have
// dropped it). Twin: emulate/wgmma.hpp.
//
//   d (64 x N) = a (64 x K) b (K x N) + (accumulate ? d : 0)    K = 16; 8 for tf32
//
// for N = 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, which the size of d tells:
// d[i] of thread t of the warpgroup is, with w = t / 32, g = t % 32 / 4, q = t % 4,
//   row 16 w + g + 8 (i / 2 % 2), column 8 (i / 4) + 2 q + i % 2.
// Either operand lies in shared memory and is given by a descriptor; or a is in registers, where
// each warp has its 16 rows as mma_f16 and mma_tf32 have them (see mma.cuh).
//
// The products run by themselves. All 128 threads call, in this order: wgmma_fence() (after the
// last access to d or to registers of a), products, wgmma_commit(), wgmma_wait<PENDING>(). d and
// the operands must be left alone until the wait for their group.
//
// Operands in shared memory, with rows of the matrix along M or N (a's rows, b's columns):
//   Major::K, swizzled: K is contiguous; a row of the matrix is a row of `span` bytes of a swizzled
//     tile, 8 rows a group; `stride` bytes from group to group (8 spans if dense). An instruction
//     takes 32 bytes of each row: advance() moves a descriptor along the row.
//   Major::K, no swizzle: 8 rows of 16 bytes are one piece of 128 bytes; `leading` bytes to the
//     next piece along K, `stride` to the next along M or N.
//   Major::MN, swizzled, 16-bit types only: M or N is contiguous; each k is a row of `span` bytes,
//     8 of them a group; `stride` to the next group along K, `leading` to the next `span` bytes
//     along M or N.
//   Major::MN, no swizzle: 8 rows (k) of 16 bytes are a piece; `leading` to the next piece along K,
//     `stride` to the next along M or N.
// A swizzled operand begins in the first row of its pattern: at a multiple of 8 spans, plus less
// than a span.
#pragma once

#include <cstdint>

#include "cuda/common/address.cuh"
#include "cuda/common/tensor_map.hpp"

namespace mt::ptx {

enum class Major { K, MN };

__device__ __forceinline__ std::uint64_t wgmma_descriptor(const void* shared, Swizzle swizzle,
                                                          int leading, int stride) {
    const int mode = swizzle == Swizzle::none ? 0 : 4 - int(swizzle);
    return std::uint64_t((shared_address(shared) & 0x3ffff) >> 4) |
           std::uint64_t(leading >> 4 & 0x3fff) << 16 | std::uint64_t(stride >> 4 & 0x3fff) << 32 |
           std::uint64_t(mode) << 62;
}
// The descriptor of what begins `bytes` (a multiple of 16) further on.
__device__ __forceinline__ std::uint64_t advance(std::uint64_t descriptor, int bytes) {
    return descriptor + (bytes >> 4);
}

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#    define MT_WGMMA_ASM(...) asm volatile(__VA_ARGS__)
#else
#    define MT_WGMMA_ASM(...) unsupported()
#endif

__device__ __forceinline__ void wgmma_fence() {
    MT_WGMMA_ASM("wgmma.fence.sync.aligned;" :: : "memory");
}
__device__ __forceinline__ void wgmma_commit() {
    MT_WGMMA_ASM("wgmma.commit_group.sync.aligned;" :: : "memory");
}
template <int PENDING>
__device__ __forceinline__ void wgmma_wait() {
    MT_WGMMA_ASM("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

// The functions for one N. D is the list of d's registers, P0 to P6 the names of the operands
// after them, the rest d's operands.
// clang-format off
#define MT_WGMMA(N, D, P0, P1, P2, P3, P4, P5, P6, ...)                                     \
    MT_WGMMA_16BIT(wgmma_f16, N, "f16", D, P0, P1, P2, P3, P4, P5, P6, __VA_ARGS__)         \
    MT_WGMMA_16BIT(wgmma_bf16, N, "bf16", D, P0, P1, P2, P3, P4, P5, P6, __VA_ARGS__)       \
    MT_WGMMA_TF32(N, D, P0, P1, P2, P3, P4, P5, P6, __VA_ARGS__)

// The instruction on d, with the predicate p if the operand `ACCUMULATE` is not 0.
#define MT_WGMMA_TEXT(ACCUMULATE, N, KIND, D)                                               \
    "{ .reg .pred p; setp.ne.b32 p, " ACCUMULATE ", 0;\n"                                   \
    "wgmma.mma_async.sync.aligned.m64n" #N KIND " {" D "}, "

#define MT_WGMMA_16BIT(NAME, N, TYPE, D, P0, P1, P2, P3, P4, P5, P6, ...)                   \
    template <Major A = Major::K, Major B = Major::K>                                       \
    __device__ __forceinline__ void NAME(float (&d)[N / 2], std::uint64_t a,                \
                                         std::uint64_t b, bool accumulate = true) {         \
        MT_WGMMA_ASM(MT_WGMMA_TEXT(P2, N, "k16.f32." TYPE "." TYPE, D)                      \
                     P0 ", " P1 ", p, 1, 1, " P3 ", " P4 "; }"                              \
                     : __VA_ARGS__                                                          \
                     : "l"(a), "l"(b), "r"(int(accumulate)), "n"(int(A)), "n"(int(B)));     \
    }                                                                                       \
    template <Major B = Major::K>                                                           \
    __device__ __forceinline__ void NAME(float (&d)[N / 2], const std::uint32_t (&a)[4],    \
                                         std::uint64_t b, bool accumulate = true) {         \
        MT_WGMMA_ASM(MT_WGMMA_TEXT(P5, N, "k16.f32." TYPE "." TYPE, D)                      \
                     "{" P0 ", " P1 ", " P2 ", " P3 "}, " P4 ", p, 1, 1, " P6 "; }"         \
                     : __VA_ARGS__                                                          \
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b),                  \
                       "r"(int(accumulate)), "n"(int(B)));                                  \
    }

#define MT_WGMMA_TF32(N, D, P0, P1, P2, P3, P4, P5, P6, ...)                                \
    __device__ __forceinline__ void wgmma_tf32(float (&d)[N / 2], std::uint64_t a,          \
                                               std::uint64_t b, bool accumulate = true) {   \
        MT_WGMMA_ASM(MT_WGMMA_TEXT(P2, N, "k8.f32.tf32.tf32", D)                            \
                     P0 ", " P1 ", p, 1, 1; }"                                              \
                     : __VA_ARGS__                                                          \
                     : "l"(a), "l"(b), "r"(int(accumulate)));                               \
    }                                                                                       \
    __device__ __forceinline__ void wgmma_tf32(float (&d)[N / 2], const float (&a)[4],      \
                                               std::uint64_t b, bool accumulate = true) {   \
        MT_WGMMA_ASM(MT_WGMMA_TEXT(P5, N, "k8.f32.tf32.tf32", D)                            \
                     "{" P0 ", " P1 ", " P2 ", " P3 "}, " P4 ", p, 1, 1; }"                 \
                     : __VA_ARGS__                                                          \
                     : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])),              \
                       "r"(__float_as_uint(a[2])), "r"(__float_as_uint(a[3])), "l"(b),      \
                       "r"(int(accumulate)));                                               \
    }
// clang-format on

#include "cuda/common/wgmma_registers.cuh"

#undef MT_WGMMA
#undef MT_WGMMA_TEXT
#undef MT_WGMMA_16BIT
#undef MT_WGMMA_TF32
#undef MT_WGMMA_ASM

}  // namespace mt::ptx
