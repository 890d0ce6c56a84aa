// Vectors of which only some elements are there, at the end of a row.
#pragma once

#include "common/simd.hpp"

namespace mt::MT_ISA {

// The first `count` elements, `otherwise` behind them.
template <class T>
inline Vector<T> load_some(const T* from, long count, T otherwise) {
    if (count >= Simd<T>::LANES) return load(from);
    Vector<T> v = Vector<T>{} + otherwise;
    for (long i = 0; i < count; i++) v[i] = from[i];
    return v;
}

template <class T>
inline void store_some(T* to, Vector<T> v, long count) {
    if (count >= Simd<T>::LANES) return store(to, v);
    for (long i = 0; i < count; i++) to[i] = v[i];
}

}  // namespace mt::MT_ISA
