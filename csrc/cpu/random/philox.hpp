// Philox4x64-10, and what is made of its lanes.
#pragma once

#include <cmath>

#include "cpu/random/random.hpp"

namespace mt::MT_ISA {

// The 32-bit lanes of one block.
struct PhiloxBlock {
    std::uint64_t word[4];
    std::uint32_t operator[](long lane) const {
        return static_cast<std::uint32_t>(word[lane / 2] >> (lane % 2 * 32));
    }
};

inline PhiloxBlock philox(std::uint64_t seed, std::uint64_t offset, std::uint64_t block) {
    constexpr std::uint64_t M0 = 0xD2E7470EE14C6C93, M1 = 0xCA5A826395121157;  // the multipliers
    constexpr std::uint64_t W0 = 0x9E3779B97F4A7C15, W1 = 0xBB67AE8584CAA73B;  // the key's steps
    __extension__ typedef unsigned __int128 Product;
    const std::uint64_t low = offset + 1 + block;
    std::uint64_t c0 = low, c1 = low <= offset, c2 = 0, c3 = 0, k0 = seed, k1 = 0;
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
        const Product p0 = Product(M0) * c0, p1 = Product(M1) * c2;
        c0 = static_cast<std::uint64_t>(p1 >> 64) ^ c1 ^ k0, c1 = static_cast<std::uint64_t>(p1);
        c2 = static_cast<std::uint64_t>(p0 >> 64) ^ c3 ^ k1, c3 = static_cast<std::uint64_t>(p0);
        k0 += W0, k1 += W1;
    }
    return {{c0, c1, c2, c3}};
}

inline double philox_uniform(std::uint32_t lane) {
    return (lane + 0.5) * 0x1p-32;
}

// The normal numbers of two neighbouring lanes.
struct NormalPair {
    double first, second;
};
inline NormalPair philox_normal(std::uint32_t u, std::uint32_t v) {
    const double radius = std::sqrt(-2 * std::log(philox_uniform(u)));
    const double angle = 2 * 3.14159265358979323846 * philox_uniform(v);
    return {radius * std::cos(angle), radius * std::sin(angle)};
}

// What becomes of an element; the product leaves a NaN what it is, as NumPy's does.
template <class T>
inline T dropped(const Random<T>& d, T x, std::uint32_t lane) {
    return x / static_cast<T>(d.divisor) * static_cast<T>(lane >= d.threshold);
}

template <class T>
inline T noisy(const Random<T>& d, T x, double number) {
    return x + static_cast<T>(d.spread * number);
}

}  // namespace mt::MT_ISA
