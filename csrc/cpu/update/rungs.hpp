// What each rung's file offers to the table, and the step of one element that they share.
#pragma once

#include <cmath>

#include "cpu/update/update.hpp"

namespace mt::MT_ISA {

template <class T>
UpdateKernels<T> update_k01_naive();

template <class T>
UpdateKernels<T> update_k02_shared();

// Elements begin to end - 1 by one rule. Old and new arrays are the same or apart.
template <UpdateRule RULE, class T>
inline void update_range(const Update<T>& u, long begin, long end) {
    const T rate = T(u.rate), momentum = T(u.momentum), epsilon = T(u.epsilon);
    const T beta1 = T(u.beta1), beta2 = T(u.beta2), rest1 = T(1 - u.beta1), rest2 = T(1 - u.beta2);
    const T *p = u.p, *g = u.g, *v = u.v, *m = u.m;
    T *new_p = u.new_p, *new_v = u.new_v, *new_m = u.new_m;
#pragma omp simd
    for (long i = begin; i < end; i++) {
        if constexpr (RULE == UpdateRule::sgd) new_p[i] = p[i] - g[i] * rate;
        if constexpr (RULE == UpdateRule::momentum) {
            T old = p[i], q = v[i] * momentum + (old - g[i] * rate);
            new_v[i] = q - old, new_p[i] = q;
        }
        if constexpr (RULE == UpdateRule::nesterov) {
            T old = p[i], s = old - g[i] * rate, q = v[i] * momentum + (s - old);
            new_v[i] = q, new_p[i] = q * momentum + s;
        }
        if constexpr (RULE == UpdateRule::adam) {
            T slope = g[i], mean = m[i] * beta1 + slope * rest1;
            T squares = v[i] * beta2 + slope * slope * rest2;
            new_p[i] = p[i] - mean * rate / (std::sqrt(squares) + epsilon);
            new_m[i] = mean, new_v[i] = squares;
        }
    }
}

template <class T>
using UpdateRange = void (*)(const Update<T>&, long, long);

template <class T>
inline UpdateRange<T> update_range_of(UpdateRule rule) {
    switch (rule) {
        case UpdateRule::sgd:
            return update_range<UpdateRule::sgd, T>;
        case UpdateRule::momentum:
            return update_range<UpdateRule::momentum, T>;
        case UpdateRule::nesterov:
            return update_range<UpdateRule::nesterov, T>;
        default:
            return update_range<UpdateRule::adam, T>;
    }
}

}  // namespace mt::MT_ISA
