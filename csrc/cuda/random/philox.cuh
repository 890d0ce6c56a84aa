// Philox4x64-10, and what is made of its lanes.
#pragma once

#include "cuda/common/numbers.cuh"
#include "cuda/random/random.hpp"

namespace mt::random {

// The 32-bit lanes of one block.
struct Lanes {
    std::uint64_t word[4];
    __device__ __forceinline__ std::uint32_t operator[](int lane) const {
        return std::uint32_t(word[lane / 2] >> (lane % 2 * 32));
    }
};

__device__ __forceinline__ Lanes philox(std::uint64_t seed, std::uint64_t offset,
                                        std::uint64_t block) {
    constexpr std::uint64_t M0 = 0xD2E7470EE14C6C93, M1 = 0xCA5A826395121157;  // the multipliers
    constexpr std::uint64_t W0 = 0x9E3779B97F4A7C15, W1 = 0xBB67AE8584CAA73B;  // the key's steps
    const std::uint64_t low = offset + 1 + block;
    std::uint64_t c0 = low, c1 = low <= offset, c2 = 0, c3 = 0, k0 = seed, k1 = 0;
#pragma unroll
    for (int round = 0; round < 10; round++) {
        const std::uint64_t high0 = __umul64hi(M0, c0), low0 = M0 * c0;
        const std::uint64_t high1 = __umul64hi(M1, c2), low1 = M1 * c2;
        c0 = high1 ^ c1 ^ k0, c1 = low1, c2 = high0 ^ c3 ^ k1, c3 = low0;
        k0 += W0, k1 += W1;
    }
    return {{c0, c1, c2, c3}};
}

__device__ __forceinline__ double uniform(std::uint32_t lane) {
    return (double(lane) + 0.5) * 0x1p-32;
}

// The normal numbers of two neighbouring lanes.
struct Pair {
    double first, second;
};
__device__ __forceinline__ Pair normal(std::uint32_t u, std::uint32_t v) {
    const double radius = sqrt(-2 * log(uniform(u)));
    const double angle = 2 * 3.14159265358979323846 * uniform(v);
    return {radius * cos(angle), radius * sin(angle)};
}

// A kernel's arguments.
template <class T>
struct Arguments {
    long long elements, shared, after;
    std::uint64_t seed, offset, threshold;
    Sum<T> divisor;
    double base, spread;
    const T* x;
    T* y;

    // What becomes of element i, whose lane is `lane`, and of its normal number.
    __device__ __forceinline__ T dropped(T x, bool keep) const {
        return T(Sum<T>(T(Sum<T>(x) / divisor)) * Sum<T>(keep));
    }
    template <RandomPass PASS>
    __device__ __forceinline__ T made(long long i, double number) const {
        if constexpr (PASS == RandomPass::noise)
            return T(Sum<T>(x[i]) + Sum<T>(T(Sum<T>(spread * number))));
        return T(Sum<T>(base + spread * number));
    }
};

template <class T>
Arguments<T> typed(const Random& p) {
    return {p.elements(),
            p.shared,
            p.after,
            p.seed,
            p.offset,
            p.threshold,
            Sum<T>(T(Sum<T>(p.divisor))),  // rounded as NumPy rounds a number for an array
            p.base,
            p.spread,
            static_cast<const T*>(p.x),
            static_cast<T*>(p.y)};
}

// Calls run(pass), a constant that names the pass.
template <RandomPass PASS>
struct PassConstant {
    static constexpr RandomPass value = PASS;
};
template <class Run>
void by_pass(RandomPass pass, Run run) {
    switch (pass) {
        case RandomPass::dropout:
            return run(PassConstant<RandomPass::dropout>());
        case RandomPass::uniform:
            return run(PassConstant<RandomPass::uniform>());
        case RandomPass::normal:
            return run(PassConstant<RandomPass::normal>());
        case RandomPass::noise:
            return run(PassConstant<RandomPass::noise>());
    }
}

}  // namespace mt::random
