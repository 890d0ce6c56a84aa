// What the rungs of local response normalisation share: arguments and powers.
#pragma once

#include "cuda/common/numbers.cuh"
#include "cuda/response/response.hpp"

namespace mt::response {

__device__ __forceinline__ float power(float x, float y) {
    return powf(x, y);
}
__device__ __forceinline__ double power(double x, double y) {
    return pow(x, y);
}

// A kernel's arguments.
template <class T>
struct Arguments {
    long long elements, channels, inner;
    int half;  // channels on either side
    Sum<T> alpha, k, beta;
    const T *x, *g;
    T* y;

    __device__ __forceinline__ Sum<T> square(long long i) const {
        return Sum<T>(x[i]) * Sum<T>(x[i]);
    }
    // An element's own share of the gradient, and what it adds to its neighbours'.
    __device__ __forceinline__ Sum<T> own(Sum<T> g, Sum<T> s) const { return g * power(s, -beta); }
    __device__ __forceinline__ Sum<T> ratio(Sum<T> g, Sum<T> x, Sum<T> s) const {
        return g * x * power(s, -beta) / s;
    }
};

template <class T>
Arguments<T> typed(const Response& p) {
    return {p.elements(),
            p.channels,
            p.inner,
            p.n / 2,
            Sum<T>(p.alpha),
            Sum<T>(p.k),
            Sum<T>(p.beta),
            static_cast<const T*>(p.x),
            static_cast<const T*>(p.g),
            static_cast<T*>(p.y)};
}

}  // namespace mt::response
