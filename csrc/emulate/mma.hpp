// What csrc/cuda/common/mma.cuh offers, on the emulated device.
//
// Products are exact and so is their sum over one instruction's k (it is kept in double); the
// result is rounded towards zero to float32, as tensor cores do. mma_f64 rounds to the nearest.
#pragma once

#include "emulate/cuda.hpp"

namespace mt::emu {

// mma.cpp. A warp_collective of all 32 lanes.
void whole_warp(const char* what, void* argument, void (*combine)(void**, unsigned), Where where);
// Each lane gives its fragments, in the registers of the PTX manual.
void multiply_16bit(const char* what, float* d, const std::uint32_t* a, const std::uint32_t* b,
                    float (*read)(std::uint16_t), Where where);
void multiply_tf32(float* d, const float* a, const float* b, Where where);
void multiply_f64(double* d, double a, double b, Where where);
// Each of the first 8 `matrices` lanes gives a row of 16 bytes; a lane gets a word per matrix.
void load_matrix(std::uint32_t* r, int matrices, const void* row, bool transposed, Where where);
void store_matrix(const std::uint32_t* r, int matrices, void* row, bool transposed, Where where);

inline float round_to_zero(double exact) {
    float f = float(exact);
    bool away = (f < 0 ? -double(f) : double(f)) > (exact < 0 ? -exact : exact);
    return away && f - f == 0 ? float_of(bits_of(f) - 1) : f;
}
inline float from_bfloat16(std::uint16_t b) {
    return float_of(std::uint32_t(b) << 16);
}
// What a tensor core reads of a float32: the 13 last bits are ignored.
inline float truncate_tf32(float x) {
    return float_of(bits_of(x) & ~0x1fffu);
}

}  // namespace mt::emu

namespace mt::ptx {

template <int N>
void load_matrix(std::uint32_t (&r)[N], const void* row, MT_HERE) {
    static_assert(N == 1 || N == 2 || N == 4, "ldmatrix moves 1, 2 or 4 matrices");
    emu::load_matrix(r, N, row, false, where);
}
template <int N>
void load_matrix_transposed(std::uint32_t (&r)[N], const void* row, MT_HERE) {
    static_assert(N == 1 || N == 2 || N == 4, "ldmatrix moves 1, 2 or 4 matrices");
    emu::load_matrix(r, N, row, true, where);
}

template <int N>
void store_matrix(const std::uint32_t (&r)[N], void* row, MT_HERE) {
    static_assert(N == 1 || N == 2 || N == 4, "stmatrix moves 1, 2 or 4 matrices");
    emu::store_matrix(r, N, row, false, where);
}
template <int N>
void store_matrix_transposed(const std::uint32_t (&r)[N], void* row, MT_HERE) {
    static_assert(N == 1 || N == 2 || N == 4, "stmatrix moves 1, 2 or 4 matrices");
    emu::store_matrix(r, N, row, true, where);
}

inline float to_tf32(float x) {
    std::uint32_t u = emu::bits_of(x);
    if ((u & 0x7f800000) == 0x7f800000) return x;  // infinities and NaNs
    return emu::float_of((u + 0x1000) & ~0x1fffu);
}

inline void mma_f16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                    MT_HERE) {
    emu::multiply_16bit("mma_f16", d, a, b, emu::from_float16, where);
}
inline void mma_bf16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                     MT_HERE) {
    emu::multiply_16bit("mma_bf16", d, a, b, emu::from_bfloat16, where);
}
inline void mma_tf32(float (&d)[4], const float (&a)[4], const float (&b)[2], MT_HERE) {
    emu::multiply_tf32(d, a, b, where);
}
inline void mma_f64(double (&d)[2], double a, double b, MT_HERE) {
    emu::multiply_f64(d, a, b, where);
}

}  // namespace mt::ptx
