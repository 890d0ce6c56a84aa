// Sums over a warp or a block, always in the same order: the same bits in every run.
#pragma once

#include "cuda/common/cuda.cuh"

namespace mt {

// The sum over the warp, in every lane. All 32 must come.
template <class T>
__device__ __forceinline__ T warp_sum(T value) {
#pragma unroll
    for (int bits = 16; bits > 0; bits /= 2) value += __shfl_xor_sync(0xffffffffu, value, bits);
    return value;
}

// The largest value of the warp, in every lane; NaN if there is one.
template <class T>
__device__ __forceinline__ T warp_max(T value) {
#pragma unroll
    for (int bits = 16; bits > 0; bits /= 2) {
        const T other = __shfl_xor_sync(0xffffffffu, value, bits);
        if (!(other <= value) && value == value) value = other;
    }
    return value;
}

// The sum over a block of THREADS, in every thread. All must come.
template <int THREADS, class T>
__device__ __forceinline__ T block_sum(T value) {
    static_assert(THREADS % 32 == 0, "a block is made of whole warps");
    MT_SHARED(T[THREADS / 32], parts);
    value = warp_sum(value);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = value;
    __syncthreads();
    T sum = parts[0];
#pragma unroll
    for (int warp = 1; warp < THREADS / 32; warp++) sum += parts[warp];
    __syncthreads();  // parts is free for the next sum
    return sum;
}

// The largest value of a block, in every thread; NaN if there is one.
template <int THREADS, class T>
__device__ __forceinline__ T block_max(T value) {
    static_assert(THREADS % 32 == 0, "a block is made of whole warps");
    MT_SHARED(T[THREADS / 32], parts);
    value = warp_max(value);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = value;
    __syncthreads();
    T most = parts[0];
#pragma unroll
    for (int warp = 1; warp < THREADS / 32; warp++)
        if (!(parts[warp] <= most) && most == most) most = parts[warp];
    __syncthreads();
    return most;
}

}  // namespace mt
