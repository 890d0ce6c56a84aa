// What the rungs of matmul share: reading elements, the epilogue, and the choice of a type.
#pragma once

#include "cuda/common/cuda.cuh"
#include "cuda/matmul/matmul.hpp"

namespace mt::matmul {

// The type that sums are kept in.
template <class T>
struct sum_of {
    typedef float type;
};
template <>
struct sum_of<double> {
    typedef double type;
};
template <class T>
using Sum = typename sum_of<T>::type;

// A kernel's arguments: typed pointers, and the strides as they came.
template <class T>
struct Arguments {
    long long batch, M, N, K;
    const T *a, *b;
    long long a_batch, a_row, a_column, b_batch, b_row, b_column;
    T* y;
    const T *bias, *residual;
    bool relu;
};

template <class T>
Arguments<T> typed(const Matmul& p) {
    return {p.batch,
            p.M,
            p.N,
            p.K,
            static_cast<const T*>(p.a.data),
            static_cast<const T*>(p.b.data),
            p.a.batch,
            p.a.row,
            p.a.column,
            p.b.batch,
            p.b.row,
            p.b.column,
            static_cast<T*>(p.y),
            static_cast<const T*>(p.bias),
            static_cast<const T*>(p.residual),
            p.relu};
}

// The epilogue: what happens to a finished sum on its way to y[l,m,n].
template <class T>
__device__ __forceinline__ void store(const Arguments<T>& p, long long l, long long m, long long n,
                                      Sum<T> sum) {
    const long long at = (l * p.M + m) * p.N + n;
    if (p.bias) sum += Sum<T>(p.bias[n]);
    if (p.residual) sum += Sum<T>(p.residual[at]);
    if (p.relu && sum < Sum<T>(0)) sum = Sum<T>(0);
    p.y[at] = T(sum);
}

// Calls run(T()) with the type that `dtype` names.
template <class Run>
void by_type(Dtype dtype, Run run) {
    switch (dtype) {
        case Dtype::float16:
            return run(float16());
        case Dtype::bfloat16:
            return run(bfloat16());
        case Dtype::float32:
            return run(float());
        case Dtype::float64:
            return run(double());
    }
}

}  // namespace mt::matmul
