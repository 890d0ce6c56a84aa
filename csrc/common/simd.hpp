// Vectors as the compiler's own type: one source, whatever width the instruction set has.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

// A test may ask for vectors wider than the CPU's: the compiler takes them apart.
#if !defined(MT_VECTOR_BYTES)
#    if defined(__AVX512F__)
#        define MT_VECTOR_BYTES 64
#    elif defined(__AVX__)
#        define MT_VECTOR_BYTES 32
#    else
#        define MT_VECTOR_BYTES 16
#    endif
#endif

namespace mt::MT_ISA {

template <class T>
struct Simd {
    typedef T Vector __attribute__((vector_size(MT_VECTOR_BYTES)));
    static constexpr int LANES = MT_VECTOR_BYTES / sizeof(T);
};

template <class T>
using Vector = typename Simd<T>::Vector;

// Unaligned, as the instructions are: alignment only matters to the cache.
template <class T>
inline Vector<T> load(const T* from) {
    Vector<T> v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

template <class T>
inline void store(T* to, Vector<T> v) {
    __builtin_memcpy(to, &v, sizeof v);
}

// Element I of the result is element At::index(I) of a and b, one after the other.
template <class At, class V, std::size_t... I>
inline V pick(V a, V b, std::index_sequence<I...>) {
#if defined(__clang__) || __GNUC__ >= 12
    return __builtin_shufflevector(a, b, At::index(I)...);
#else
    using Index = std::conditional_t<sizeof(a[0]) == 4, int, long long>;
    typedef Index Indices __attribute__((vector_size(MT_VECTOR_BYTES)));
    return __builtin_shuffle(a, b, Indices{At::index(I)...});
#endif
}

// Units of UNIT elements in turn from a and b, of the lower or upper half of each 16 bytes: within
// these an instruction moves elements at no extra cost.
template <class T, int UNIT, int UPPER>
struct Interleave {
    static constexpr int index(int i) {
        constexpr int PART = 16 / sizeof(T);
        int unit = i % PART / UNIT;
        return unit % 2 * Simd<T>::LANES + i / PART * PART + UPPER * (PART / 2) + unit / 2 * UNIT +
               i % UNIT;
    }
};

// Swaps a's odd parts, of SIZE elements each, for b's even ones: what a and b become.
template <class T, int SIZE, int SECOND>
struct Swap {
    static constexpr int index(int i) {
        bool odd = i / SIZE % 2;
        return SECOND ? (odd ? Simd<T>::LANES + i : i + SIZE)
                      : (odd ? Simd<T>::LANES + i - SIZE : i);
    }
};

template <class At, class T>
inline Vector<T> pick(Vector<T> a, Vector<T> b) {
    return pick<At>(a, b, std::make_index_sequence<Simd<T>::LANES>());
}

// A step of the transposition: squares of SIZE change places with those across the diagonal.
template <class T, int SIZE>
inline void swap_parts(Vector<T>* r) {
#pragma GCC unroll 16
    for (int i = 0; i < Simd<T>::LANES; i++)
        if (i / SIZE % 2 == 0) {
            Vector<T> a = r[i], b = r[i + SIZE];
            r[i] = pick<Swap<T, SIZE, 0>, T>(a, b);
            r[i + SIZE] = pick<Swap<T, SIZE, 1>, T>(a, b);
        }
}

// Swaps the rows and columns of a square of LANES vectors.
template <class T>
inline void transpose(Vector<T>* r) {
    constexpr int LANES = Simd<T>::LANES, PART = 16 / sizeof(T);
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i += PART) {
        using V = Vector<T>;
        if constexpr (PART == 4) {
            V a = pick<Interleave<T, 1, 0>, T>(r[i], r[i + 1]);
            V b = pick<Interleave<T, 1, 1>, T>(r[i], r[i + 1]);
            V c = pick<Interleave<T, 1, 0>, T>(r[i + 2], r[i + 3]);
            V d = pick<Interleave<T, 1, 1>, T>(r[i + 2], r[i + 3]);
            r[i] = pick<Interleave<T, 2, 0>, T>(a, c);
            r[i + 1] = pick<Interleave<T, 2, 1>, T>(a, c);
            r[i + 2] = pick<Interleave<T, 2, 0>, T>(b, d);
            r[i + 3] = pick<Interleave<T, 2, 1>, T>(b, d);
        } else {
            V a = r[i];
            r[i] = pick<Interleave<T, 1, 0>, T>(a, r[i + 1]);
            r[i + 1] = pick<Interleave<T, 1, 1>, T>(a, r[i + 1]);
        }
    }
    if constexpr (LANES >= 2 * PART) swap_parts<T, PART>(r);
    if constexpr (LANES >= 4 * PART) swap_parts<T, 2 * PART>(r);
}

}  // namespace mt::MT_ISA
