// CUDA C++ as the kernels of csrc/cuda write it, for g++: keywords, built-in variables, vector
// types, warp-wide operations, atomics. What only exists as PTX is in emulate/ptx.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "emulate/half.hpp"
#include "emulate/machine.hpp"
#include "emulate/sanitize.hpp"

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) __attribute__((aligned(n)))

#define threadIdx (::mt::emu::thread_index())
#define blockIdx (::mt::emu::block_index())
#define blockDim (::mt::emu::block_dim())
#define gridDim (::mt::emu::grid_dim())
#define warpSize 32

// Shared memory is declared by MT_SHARED(type, name) and MT_DYNAMIC_SHARED(type, name): here a
// variable of the running block's window, there `__shared__`.
#define MT_SHARED(type, name)                                                                \
    auto& name = *static_cast<std::remove_reference_t<type>*>([](::mt::emu::Where where) {   \
        static char key;                                                                     \
        return ::mt::emu::shared_variable(&key, #name, sizeof(type),                         \
                                          std::max<std::size_t>(alignof(type), 128), where); \
    }(::mt::emu::Where{__FILE__, __LINE__}))
#define MT_DYNAMIC_SHARED(type, name) type* name = static_cast<type*>(::mt::emu::dynamic_shared())

typedef void* cudaStream_t;

// ---- vector types -----------------------------------------------------------------------------

#define MT_VECTORS(T, name)                                           \
    struct alignas(2 * sizeof(T)) name##2 {                           \
        T x, y;                                                       \
    };                                                                \
    struct alignas(4 * sizeof(T) > 16 ? 16 : 4 * sizeof(T)) name##4 { \
        T x, y, z, w;                                                 \
    };                                                                \
    inline name##2 make_##name##2(T x, T y) {                         \
        return {x, y};                                                \
    }                                                                 \
    inline name##4 make_##name##4(T x, T y, T z, T w) {               \
        return {x, y, z, w};                                          \
    }
MT_VECTORS(float, float)
MT_VECTORS(double, double)
MT_VECTORS(int, int)
MT_VECTORS(unsigned, uint)
#undef MT_VECTORS

struct dim3 : mt::emu::Dim {
    dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : Dim{a, b, c} {}
};

// ---- barriers and fences ------------------------------------------------------------------------

inline void __syncthreads(MT_HERE) {
    mt::emu::block_barrier(where);
}
inline void __syncwarp(unsigned mask = 0xffffffffu, MT_HERE) {
    mt::emu::warp_barrier(mask, where);
}
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __nanosleep(unsigned) {
    mt::emu::yield();
}

// ---- warp-wide operations -----------------------------------------------------------------------

namespace mt::emu {

template <class T>
T shuffle(const char* what, unsigned mask, T value, int source, Where where) {
    struct Offer {
        T given, taken;
        int source;
        Where where;
    } offer{value, value, source & 31, where};
    warp_collective(
        what, mask, &offer,
        [](void** offers, unsigned lanes) {
            for (int l = 0; l < 32; l++) {
                if (!(lanes >> l & 1)) continue;
                auto* mine = static_cast<Offer*>(offers[l]);
                if (!(lanes >> mine->source & 1))
                    fail(mine->where, "lane %d shuffles from lane %d, outside the mask %08x", l,
                         mine->source, lanes);
                mine->taken = static_cast<Offer*>(offers[mine->source])->given;
            }
        },
        where);
    return offer.taken;
}

// A lane's source within its part of the warp, or itself beyond the end.
inline int within(int source, int width) {
    int first = lane() & ~(width - 1);
    return source < first || source >= first + width ? lane() : source;
}

inline unsigned vote(const char* what, unsigned mask, bool yes, Where where) {
    struct Ballot {
        bool yes;
        unsigned result;
    } ballot{yes, 0};
    warp_collective(
        what, mask, &ballot,
        [](void** ballots, unsigned lanes) {
            unsigned result = 0;
            for (int l = 0; l < 32; l++)
                if ((lanes >> l & 1) && static_cast<Ballot*>(ballots[l])->yes) result |= 1u << l;
            for (int l = 0; l < 32; l++)
                if (lanes >> l & 1) static_cast<Ballot*>(ballots[l])->result = result;
        },
        where);
    return ballot.result;
}

}  // namespace mt::emu

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, MT_HERE) {
    int first = mt::emu::lane() & ~(width - 1);
    return mt::emu::shuffle("__shfl_sync", mask, value, first | (source & (width - 1)), where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, MT_HERE) {
    // An earlier part of the warp may be read, a later one gives the lane its own value.
    int source = mt::emu::lane() ^ bits, end = (mt::emu::lane() & ~(width - 1)) + width;
    return mt::emu::shuffle("__shfl_xor_sync", mask, value, source < end ? source : mt::emu::lane(),
                            where);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, int by, int width = 32, MT_HERE) {
    return mt::emu::shuffle("__shfl_down_sync", mask, value,
                            mt::emu::within(mt::emu::lane() + by, width), where);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, int by, int width = 32, MT_HERE) {
    return mt::emu::shuffle("__shfl_up_sync", mask, value,
                            mt::emu::within(mt::emu::lane() - by, width), where);
}
inline unsigned __ballot_sync(unsigned mask, int yes, MT_HERE) {
    return mt::emu::vote("__ballot_sync", mask, yes, where);
}
inline int __any_sync(unsigned mask, int yes, MT_HERE) {
    return mt::emu::vote("__any_sync", mask, yes, where) != 0;
}
inline int __all_sync(unsigned mask, int yes, MT_HERE) {
    return mt::emu::vote("__all_sync", mask, !yes, where) == 0;
}

// ---- atomics ------------------------------------------------------------------------------------

template <class T>
T atomicAdd(T* p, std::common_type_t<T> value) {
    if constexpr (std::is_floating_point_v<T>) {
        T old, sum;
        __atomic_load(p, &old, __ATOMIC_RELAXED);
        do sum = old + value;
        while (
            !__atomic_compare_exchange(p, &old, &sum, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
        return old;
    } else {
        return __atomic_fetch_add(p, value, __ATOMIC_RELAXED);
    }
}
template <class T>
T atomicMax(T* p, std::common_type_t<T> value) {
    T old = __atomic_load_n(p, __ATOMIC_RELAXED);
    while (old < value && !__atomic_compare_exchange_n(p, &old, value, false, __ATOMIC_RELAXED,
                                                       __ATOMIC_RELAXED)) {
    }
    return old;
}
template <class T>
T atomicCAS(T* p, std::common_type_t<T> expected, std::common_type_t<T> value) {
    __atomic_compare_exchange_n(p, &expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return expected;
}
template <class T>
T atomicExch(T* p, std::common_type_t<T> value) {
    return __atomic_exchange_n(p, value, __ATOMIC_RELAXED);
}

// ---- arithmetic ---------------------------------------------------------------------------------

template <class T>
T __ldg(const T* p) {
    return *p;
}
// In double the product is exact; std::fma is a slow library call where the CPU may lack it.
inline float __fmaf_rn(float a, float b, float c) {
    return float(double(a) * b + c);
}
inline double __fma_rn(double a, double b, double c) {
    return std::fma(a, b, c);
}
inline float __fdividef(float a, float b) {
    return a / b;
}
inline float __expf(float x) {
    return std::exp(x);
}
inline float __logf(float x) {
    return std::log(x);
}
inline float rsqrtf(float x) {
    return 1.0f / std::sqrt(x);
}
inline double rsqrt(double x) {
    return 1.0 / std::sqrt(x);
}
inline unsigned __umulhi(unsigned a, unsigned b) {
    return unsigned(std::uint64_t(a) * b >> 32);
}
inline std::uint64_t __umul64hi(std::uint64_t a, std::uint64_t b) {
    return std::uint64_t(static_cast<unsigned __int128>(a) * b >> 64);
}
inline float __uint_as_float(unsigned u) {
    return mt::emu::float_of(u);
}
inline unsigned __float_as_uint(float f) {
    return mt::emu::bits_of(f);
}
inline int __popc(unsigned u) {
    return __builtin_popcount(u);
}
inline int __clz(unsigned u) {
    return u ? __builtin_clz(u) : 32;
}
inline int __ffs(int i) {
    return __builtin_ffs(i);
}
using std::max;
using std::min;
