// What csrc/cuda/common/wgmma.cuh offers, on the emulated device.
#pragma once

#include "cuda/common/tensor_map.hpp"
#include "emulate/mma.hpp"

namespace mt::ptx {

enum class Major { K, MN };

}  // namespace mt::ptx

namespace mt::emu {

// wgmma.cpp
struct Wgmma {
    enum Kind { f16, bf16, tf32 } kind;
    int n;
    float* d;
    bool from_registers;
    std::uint32_t registers[4];  // of a, if so
    std::uint64_t a, b;          // descriptors
    ptx::Major a_major, b_major;
    bool accumulate;
    Where where;
};
void multiply_warpgroup(const Wgmma& call);
std::uint64_t wgmma_descriptor(const void* shared, Swizzle swizzle, int leading, int stride,
                               Where where);
void product_fence();  // by each thread
void warpgroup_commit(Where where);

}  // namespace mt::emu

namespace mt::ptx {

inline std::uint64_t wgmma_descriptor(const void* shared, Swizzle swizzle, int leading, int stride,
                                      MT_HERE) {
    return emu::wgmma_descriptor(shared, swizzle, leading, stride, where);
}
inline std::uint64_t advance(std::uint64_t descriptor, int bytes) {
    return descriptor + (bytes >> 4);
}
inline void wgmma_fence() {
    emu::product_fence();
}
inline void wgmma_commit(MT_HERE) {
    emu::warpgroup_commit(where);
}
template <int PENDING>
void wgmma_wait() {
    emu::product_wait(PENDING);
}

// As many columns as wgmma_registers.cuh has.
constexpr bool offered(int n) {
    for (int size : {8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256})
        if (n == size) return true;
    return false;
}

template <int D>
void multiply(emu::Wgmma::Kind kind, float (&d)[D], std::uint64_t a, Major a_major, std::uint64_t b,
              Major b_major, bool accumulate, emu::Where where) {
    static_assert(offered(2 * D), "wgmma is not offered for so many columns");
    emu::multiply_warpgroup({kind, 2 * D, d, false, {}, a, b, a_major, b_major, accumulate, where});
}
template <int D, class T>
void multiply(emu::Wgmma::Kind kind, float (&d)[D], const T (&a)[4], std::uint64_t b, Major b_major,
              bool accumulate, emu::Where where) {
    static_assert(offered(2 * D), "wgmma is not offered for so many columns");
    emu::Wgmma call{kind, 2 * D, d, true, {}, 0, b, Major::K, b_major, accumulate, where};
    std::memcpy(call.registers, a, 16);
    emu::multiply_warpgroup(call);
}

template <Major A = Major::K, Major B = Major::K, int D>
void wgmma_f16(float (&d)[D], std::uint64_t a, std::uint64_t b, bool accumulate = true, MT_HERE) {
    multiply(emu::Wgmma::f16, d, a, A, b, B, accumulate, where);
}
template <Major B = Major::K, int D>
void wgmma_f16(float (&d)[D], const std::uint32_t (&a)[4], std::uint64_t b, bool accumulate = true,
               MT_HERE) {
    multiply(emu::Wgmma::f16, d, a, b, B, accumulate, where);
}
template <Major A = Major::K, Major B = Major::K, int D>
void wgmma_bf16(float (&d)[D], std::uint64_t a, std::uint64_t b, bool accumulate = true, MT_HERE) {
    multiply(emu::Wgmma::bf16, d, a, A, b, B, accumulate, where);
}
template <Major B = Major::K, int D>
void wgmma_bf16(float (&d)[D], const std::uint32_t (&a)[4], std::uint64_t b, bool accumulate = true,
                MT_HERE) {
    multiply(emu::Wgmma::bf16, d, a, b, B, accumulate, where);
}
template <int D>
void wgmma_tf32(float (&d)[D], std::uint64_t a, std::uint64_t b, bool accumulate = true, MT_HERE) {
    multiply(emu::Wgmma::tf32, d, a, Major::K, b, Major::K, accumulate, where);
}
template <int D>
void wgmma_tf32(float (&d)[D], const float (&a)[4], std::uint64_t b, bool accumulate = true,
                MT_HERE) {
    multiply(emu::Wgmma::tf32, d, a, b, Major::K, accumulate, where);
}

}  // namespace mt::ptx
