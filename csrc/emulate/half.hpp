// float16 and bfloat16 as cuda_fp16.h and cuda_bf16.h have them, as far as the kernels use them.
#pragma once

#include <cstdint>
#include <cstring>

namespace mt::emu {

inline std::uint32_t bits_of(float f) {
    std::uint32_t u;
    std::memcpy(&u, &f, 4);
    return u;
}

inline float float_of(std::uint32_t u) {
    float f;
    std::memcpy(&f, &u, 4);
    return f;
}

inline std::uint16_t to_bfloat16(float f) {
    std::uint32_t u = bits_of(f);
    if ((u & 0x7fffffff) > 0x7f800000) return 0x7fff;
    return std::uint16_t((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

// Rounds to the nearest, ties to even, by the trick of adding a number that makes the float's last
// bit the half's; written without _Float16, which not every compiler and target has.
inline std::uint16_t to_float16(float f) {
    std::uint32_t u = bits_of(f), sign = u >> 16 & 0x8000;
    u &= 0x7fffffff;
    if (u > 0x7f800000) return std::uint16_t(0x7fff);
    if (u >= 0x477ff000) return std::uint16_t(sign | 0x7c00);  // rounds to 2^16 or more
    if (u < 0x38800000)                                        // below 2^-14: a multiple of 2^-24
        return std::uint16_t(sign | (bits_of(float_of(u) + 0.5f) - bits_of(0.5f)));
    return std::uint16_t(sign | ((u - 0x38000000 + 0xfff + (u >> 13 & 1)) >> 13));
}

inline float from_float16(std::uint16_t h) {
    std::uint32_t sign = std::uint32_t(h & 0x8000) << 16, u = h & 0x7fff;
    if (u >= 0x7c00) return float_of(sign | 0x7f800000 | (u & 0x3ff) << 13);
    if (u < 0x400) return (sign ? -1.0f : 1.0f) * float(u) * 0x1p-24f;
    return float_of(sign | ((u << 13) + 0x38000000));
}

}  // namespace mt::emu

struct __nv_bfloat16 {
    std::uint16_t bits;
    __nv_bfloat16() = default;
    __nv_bfloat16(float f) : bits(mt::emu::to_bfloat16(f)) {}
    operator float() const { return mt::emu::float_of(std::uint32_t(bits) << 16); }
};

struct __half {
    std::uint16_t bits;
    __half() = default;
    __half(float f) : bits(mt::emu::to_float16(f)) {}
    operator float() const { return mt::emu::from_float16(bits); }
};
typedef __half half;

inline float __bfloat162float(__nv_bfloat16 b) {
    return b;
}
inline __nv_bfloat16 __float2bfloat16(float f) {
    return f;
}
inline __nv_bfloat16 __float2bfloat16_rn(float f) {
    return f;
}
inline float __half2float(__half h) {
    return h;
}
inline __half __float2half(float f) {
    return f;
}
inline __half __float2half_rn(float f) {
    return f;
}

struct alignas(4) __nv_bfloat162 {
    __nv_bfloat16 x, y;
};
struct alignas(4) __half2 {
    __half x, y;
};
inline __nv_bfloat162 __floats2bfloat162_rn(float a, float b) {
    return {a, b};
}
inline __half2 __floats2half2_rn(float a, float b) {
    return {a, b};
}
