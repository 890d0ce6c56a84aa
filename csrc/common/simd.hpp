// Vectors as the compiler's own type: one source, whatever width the instruction set has.
#pragma once

#if defined(__AVX512F__)
#    define MT_VECTOR_BYTES 64
#elif defined(__AVX__)
#    define MT_VECTOR_BYTES 32
#else
#    define MT_VECTOR_BYTES 16
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

}  // namespace mt::MT_ISA
