// What the rungs of batch normalisation share: arguments, and what is done to an element.
#pragma once

#include <algorithm>

#include "cuda/common/packs.cuh"
#include "cuda/common/reduce.cuh"
#include "cuda/norm/norm.hpp"

namespace mt::norm {

// A kernel's arguments; elements are counted in packs of WIDE.
template <class T>
struct Arguments {
    long long channels, elements, inner;  // inner in packs, elements in elements
    Divider by_inner;
    double epsilon;
    const T *x, *gamma, *beta, *g, *g_mean, *g_inv_std;
    T *y, *mean, *inv_std, *dx, *dgamma, *dbeta;

    __device__ __forceinline__ Sum<T> scale(long long c) const {
        return gamma ? Sum<T>(gamma[c]) : Sum<T>(1);
    }
    __device__ __forceinline__ Sum<T> shift(long long c) const {
        return beta ? Sum<T>(beta[c]) : Sum<T>(0);
    }
    // Where element j of channel c lies.
    __device__ __forceinline__ long long at(long long c, long long j) const {
        return (j / inner * channels + c) * inner + j % inner;
    }
    // Where pack j of channel c begins, without divisions.
    template <int WIDE>
    __device__ __forceinline__ long long pack_at(long long c, int j) const {
        const int within = by_inner.split(j);  // j is now the row
        return ((j * channels + c) * inner + within) * WIDE;
    }
};

template <int WIDE, class T>
Arguments<T> typed(const Norm& p) {
    Arguments<T> a;
    a.channels = p.channels, a.elements = p.elements(), a.inner = p.inner / WIDE;
    a.by_inner = Divider(std::min(a.inner, 0x7fffffffll));
    a.epsilon = p.epsilon;
    a.x = static_cast<const T*>(p.x), a.g = static_cast<const T*>(p.g);
    a.g_mean = static_cast<const T*>(p.g_mean), a.g_inv_std = static_cast<const T*>(p.g_inv_std);
    a.gamma = static_cast<const T*>(p.gamma), a.beta = static_cast<const T*>(p.beta);
    a.y = static_cast<T*>(p.y), a.dx = static_cast<T*>(p.dx);
    a.mean = static_cast<T*>(p.mean), a.inv_std = static_cast<T*>(p.inv_std);
    a.dgamma = static_cast<T*>(p.dgamma), a.dbeta = static_cast<T*>(p.dbeta);
    return a;
}

// What every element of a channel is computed with.
template <class T>
struct Forward {
    Sum<T> mean, factor, shift;
    __device__ __forceinline__ T operator()(T x) const {
        return T((Sum<T>(x) - mean) * factor + shift);
    }
};
template <class T>
__device__ __forceinline__ Forward<T> forward(const Arguments<T>& a, long long c, double mean,
                                              double inv_std) {
    return {Sum<T>(mean), Sum<T>(inv_std) * a.scale(c), a.shift(c)};
}
__device__ __forceinline__ double inverse_deviation(double squares, long long count,
                                                    double epsilon) {
    return 1.0 / sqrt(squares / double(count) + epsilon);
}

template <class T>
struct Backward {
    Sum<T> mean, inv_std, factor, mean_g, mean_gn, slope, shift;
    __device__ __forceinline__ T operator()(T g, T x) const {
        const Sum<T> n = (Sum<T>(x) - mean) * inv_std;
        return T(factor * (Sum<T>(g) - mean_g - n * mean_gn) - n * slope + shift);
    }
};
template <class T>
__device__ __forceinline__ Backward<T> backward(const Arguments<T>& a, long long c, double sum_g,
                                                double sum_gn) {
    const Sum<T> inv_std = Sum<T>(a.inv_std[c]);
    const double m = double(a.elements);
    const Sum<T> slope = a.g_inv_std ? Sum<T>(a.g_inv_std[c]) * inv_std * inv_std : Sum<T>(0);
    const Sum<T> shift = a.g_mean ? Sum<T>(a.g_mean[c]) : Sum<T>(0);
    return {Sum<T>(a.mean[c]),  inv_std,           a.scale(c) * inv_std, Sum<T>(sum_g / m),
            Sum<T>(sum_gn / m), slope / Sum<T>(m), shift / Sum<T>(m)};
}

// The two sums over a channel that its gradients are made of.
struct Gradients {
    double g = 0, gn = 0;
    template <class T>
    __device__ __forceinline__ void add(T g_, T x, Sum<T> mean, Sum<T> inv_std) {
        g += double(Sum<T>(g_));
        gn += double(Sum<T>(g_)) * double((Sum<T>(x) - mean) * inv_std);
    }
};
template <class T>
__device__ __forceinline__ void put(const Arguments<T>& a, long long c, const Gradients& sums) {
    if (a.dbeta) a.dbeta[c] = T(Sum<T>(sums.g));
    if (a.dgamma) a.dgamma[c] = T(Sum<T>(sums.gn));
}

// Whether WIDE elements of this problem move as one: whole packs in every row, aligned arrays.
inline bool moves_wide(const Norm& p) {
    const std::size_t row = std::size_t(p.inner) * size_of(p.dtype);
    return row % 16 == 0 && aligned(p.x, 16) && aligned(p.y, 16) && aligned(p.g, 16) &&
           aligned(p.dx, 16);
}

}  // namespace mt::norm
