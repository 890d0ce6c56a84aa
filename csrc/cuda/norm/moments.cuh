// Count, mean and sum of squares about the mean, which merge without losing digits (Chan, Golub,
// LeVeque: Updating formulae and a pairwise algorithm for computing sample variances, 1979).
#pragma once

#include "cuda/common/cuda.cuh"

namespace mt::norm {

struct Moments {
    double count = 0, mean = 0, squares = 0;
};
__device__ __forceinline__ Moments merge(const Moments& a, const Moments& b) {
    if (b.count == 0) return a;
    if (a.count == 0) return b;
    Moments both;
    both.count = a.count + b.count;
    const double apart = b.mean - a.mean, share = b.count / both.count;
    both.mean = a.mean + apart * share;
    both.squares = a.squares + b.squares + apart * apart * a.count * share;
    return both;
}
__device__ __forceinline__ Moments from_lane(const Moments& a, int bits) {
    Moments other;
    other.count = __shfl_down_sync(0xffffffffu, a.count, bits);
    other.mean = __shfl_down_sync(0xffffffffu, a.mean, bits);
    other.squares = __shfl_down_sync(0xffffffffu, a.squares, bits);
    return other;
}
// Of the warp, in lane 0: the same order whatever runs first.
__device__ __forceinline__ Moments warp_merge(Moments a) {
#pragma unroll
    for (int bits = 16; bits > 0; bits /= 2) a = merge(a, from_lane(a, bits));
    return a;
}

}  // namespace mt::norm
