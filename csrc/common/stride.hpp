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

}  // namespace mt::MT_ISA
