// What kernels of every family need of their element types.
#pragma once

#include "cuda/common/cuda.cuh"
#include "cuda/common/types.hpp"

namespace mt {

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

// Division by a number that is known at launch: a multiplication and a shift (Granlund,
// Montgomery: Division by invariant integers using multiplication, 1994). With
// 2^shift >= d > 2^(shift-1) and magic = floor(2^32 (2^shift - d) / d) + 1,
// n / d = (high(n magic) + n) >> shift for 0 <= n < 2^31.
struct Divider {
    unsigned divisor, magic, shift;

    Divider() : Divider(1) {}
    explicit Divider(long long by) : divisor(by < 1 ? 1 : unsigned(by)), shift(0) {
        while ((1ull << shift) < divisor) shift++;
        magic = unsigned((1ull << 32) * ((1ull << shift) - divisor) / divisor + 1);
    }
    __device__ __forceinline__ int quotient(int n) const {
        return int((__umulhi(unsigned(n), magic) + unsigned(n)) >> shift);
    }
    // Replaces n by n / d and returns n % d.
    __device__ __forceinline__ int split(int& n) const {
        int whole = quotient(n), rest = n - whole * int(divisor);
        n = whole;
        return rest;
    }
};

}  // namespace mt
