// What the rungs of softmax share: arguments, and what becomes of an element of a finished row.
#pragma once

#include "cuda/common/numbers.cuh"
#include "cuda/loss/loss.hpp"

namespace mt::loss {

__device__ __forceinline__ float exponential(float x) {
    return expf(x);
}
__device__ __forceinline__ double exponential(double x) {
    return exp(x);
}
__device__ __forceinline__ float logarithm(float x) {
    return logf(x);
}
__device__ __forceinline__ double logarithm(double x) {
    return log(x);
}

// A kernel's arguments.
template <class T>
struct Arguments {
    long long rows, classes, inner;
    const T *x, *g;
    const void* labels;
    bool wide;
    T* y;

    // Where the row's first element lies; the others follow at steps of `inner`.
    __device__ __forceinline__ long long first(long long row) const {
        return row / inner * classes * inner + row % inner;
    }
    __device__ __forceinline__ long long label(long long row) const {
        return wide ? static_cast<const std::int64_t*>(labels)[row]
                    : static_cast<const std::int32_t*>(labels)[row];
    }
};

template <class T>
Arguments<T> typed(const Loss& p) {
    return {p.rows(),
            p.classes,
            p.inner,
            static_cast<const T*>(p.x),
            static_cast<const T*>(p.g),
            p.labels,
            p.wide,
            static_cast<T*>(p.y)};
}

// A row whose maximum and total are known.
template <LossPass PASS, class T>
struct Row {
    Sum<T> most, total, log_total = 0, g = 0;
    long long label = 0;

    __device__ __forceinline__ Row(const Arguments<T>& a, long long row, Sum<T> most_,
                                   Sum<T> total_)
        : most(most_), total(total_) {
        if constexpr (PASS == LossPass::log_softmax || PASS == LossPass::entropy)
            log_total = logarithm(total);
        if constexpr (PASS == LossPass::entropy || PASS == LossPass::back) label = a.label(row);
        if constexpr (PASS == LossPass::back) g = Sum<T>(a.g[row]);
    }
    __device__ __forceinline__ T element(T x, long long c) const {
        const Sum<T> shifted = Sum<T>(x) - most;
        if constexpr (PASS == LossPass::log_softmax) return T(shifted - log_total);
        const Sum<T> share = exponential(shifted) / total;
        return PASS == LossPass::back ? T((share - Sum<T>(c == label)) * g) : T(share);
    }
    // The loss of the row that begins at `first`.
    __device__ __forceinline__ T loss(const Arguments<T>& a, long long first) const {
        const bool known = label >= 0 && label < a.classes;
        const Sum<T> shifted = known ? Sum<T>(a.x[first + label * a.inner]) - most : Sum<T>(NAN);
        return T(log_total - shifted);
    }
};

// Calls run(pass), a constant that names the pass.
template <LossPass PASS>
struct PassConstant {
    static constexpr LossPass value = PASS;
};
template <class Run>
void by_pass(LossPass pass, Run run) {
    switch (pass) {
        case LossPass::softmax:
            return run(PassConstant<LossPass::softmax>());
        case LossPass::log_softmax:
            return run(PassConstant<LossPass::log_softmax>());
        case LossPass::entropy:
            return run(PassConstant<LossPass::entropy>());
        case LossPass::back:
            return run(PassConstant<LossPass::back>());
    }
}

}  // namespace mt::loss
