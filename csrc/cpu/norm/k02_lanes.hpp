// Vectors of sums in double, and the gradient of an element in terms of its channel's sums.
#pragma once

#include <cstddef>

#include "common/simd.hpp"
#include "cpu/norm/rungs.hpp"

namespace mt::MT_ISA {

constexpr long WAYS = 4, WIDE = Simd<double>::LANES, STRIP = WAYS * WIDE;

// Elements as doubles: several at once, or one.
struct Several {
    template <class T>
    Vector<double> operator()(const T* from, long i) const {
        if constexpr (sizeof(T) == sizeof(double)) return load(from + i);
        typedef T Narrow __attribute__((vector_size(WIDE * sizeof(T))));
        Narrow v;
        __builtin_memcpy(&v, from + i, sizeof v);
        return __builtin_convertvector(v, Vector<double>);
    }
};
struct One {
    template <class T>
    double operator()(const T* from, long i) const {
        return static_cast<double>(from[i]);
    }
};

// What an element ends with. A NaN is kept.
template <class T>
inline T ended(bool relu, T y) {
    return relu && y < 0 ? T(0) : y;
}

// dx = (x - mean) slope + g scale + shift, in terms of a channel's sums.
template <class T>
struct Gradient {
    T mean, slope, scale, shift;

    Gradient(const Norm& d, const NormInputs<T>& in, long c, double dgamma, double dbeta) {
        double m = static_cast<double>(d.outer * d.inner), s = in.inv_std[c];
        double k = (in.gamma ? in.gamma[c] : 1) * s;
        double along = k * dgamma + (in.g_inv_std ? s * s * in.g_inv_std[c] : 0);
        mean = in.mean[c], scale = static_cast<T>(k), slope = static_cast<T>(-s * along / m);
        shift = static_cast<T>(((in.g_mean ? in.g_mean[c] : 0) - k * dbeta) / m);
    }
};

// The sums of terms(at, i), each, over the elements of a channel, which lie in rows of d.inner;
// a term reads its arrays by `at`.
template <class... Terms>
inline void sum_all(const Norm& d, long c, double* to, const Terms&... terms) {
    Vector<double> part[sizeof...(Terms)][WAYS] = {};
    double rest[sizeof...(Terms)] = {};
    for (long n = 0; n < d.outer; n++) {
        long i = (n * d.channels + c) * d.inner, end = i + d.inner, t;
        for (; i + STRIP <= end; i += STRIP)
#pragma GCC unroll 4
            for (long k = 0; k < WAYS; k++)
                t = 0, ((part[t++][k] += terms(Several(), i + k * WIDE)), ...);
        for (; i + WIDE <= end; i += WIDE) t = 0, ((part[t++][0] += terms(Several(), i)), ...);
        for (; i < end; i++) t = 0, ((rest[t++] += terms(One(), i)), ...);
    }
    for (std::size_t t = 0; t < sizeof...(Terms); t++) {
        auto& p = part[t];
        Vector<double> all = (p[0] + p[1]) + (p[2] + p[3]);
        to[t] = rest[t];
        for (long k = 0; k < WIDE; k++) to[t] += all[k];
    }
}

}  // namespace mt::MT_ISA
