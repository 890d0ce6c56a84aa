// Vectors of elements that do not lie beside each other.
#pragma once

#include <utility>

#include "common/bits.hpp"
#include "common/simd.hpp"

namespace mt::MT_ISA {

template <class T>
struct Lanes {
    typedef Bits<T> Mask __attribute__((vector_size(MT_VECTOR_BYTES)));  // and integers

    // Of two vectors that overlap by one element: the 1st, 3rd, 5th ... of what they cover.
    template <std::size_t... I>
    static Vector<T> odds(Vector<T> left, Vector<T> right, std::index_sequence<I...>) {
        constexpr long HALF = sizeof...(I) / 2;
#if defined(__has_builtin)
#    if __has_builtin(__builtin_shufflevector)
        return __builtin_shufflevector(left, right,
                                       (long(I) < HALF ? 2 * long(I) : 2 * long(I) + 1)...);
#    else
        return Vector<T>{(long(I) < HALF ? left[2 * I] : right[2 * (I - HALF) + 1])...};
#    endif
#else
        return Vector<T>{(long(I) < HALF ? left[2 * I] : right[2 * (I - HALF) + 1])...};
#endif
    }
};

// from[0], from[stride], from[2 stride] ... and nothing behind the last of them. STRIDE 0: `stride`
// says it.
template <long STRIDE, class T>
inline Vector<T> load_apart(const T* from, long stride) {
    constexpr long LANES = Simd<T>::LANES;
    if constexpr (STRIDE == 1) return load(from);
    if constexpr (STRIDE == 2)
        return Lanes<T>::odds(load(from), load(from + LANES - 1),
                              std::make_index_sequence<LANES>());
    Vector<T> v{};
    for (long i = 0; i < LANES; i++) v[i] = from[i * stride];
    return v;
}

// to[0] = first[0], to[1] = second[0], to[2] = first[1] ...
template <class T, std::size_t... I>
inline void store_pairs(T* to, Vector<T> first, Vector<T> second, std::index_sequence<I...>) {
#if defined(__has_builtin)
#    if __has_builtin(__builtin_shufflevector)
    constexpr int LANES = Simd<T>::LANES;
    store<T>(to, __builtin_shufflevector(first, second, (int(I) / 2 + int(I) % 2 * LANES)...));
    store<T>(to + LANES,
             __builtin_shufflevector(first, second, (int(I + LANES) / 2 + int(I) % 2 * LANES)...));
    return;
#    endif
#endif
    ((to[2 * I] = first[I], to[2 * I + 1] = second[I]), ...);
}

// As many bytes as T has lanes, as integers as wide as T. (GCC makes a vector of a template's
// length of a template's type only.)
template <class T, class Byte>
inline typename Lanes<T>::Mask load_bytes(const Byte* from) {
    typedef Byte Bytes __attribute__((vector_size(Simd<T>::LANES)));
    Bytes v;
    __builtin_memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, typename Lanes<T>::Mask);
}

}  // namespace mt::MT_ISA
