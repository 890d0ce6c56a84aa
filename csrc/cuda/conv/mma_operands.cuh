// What a warp gives its tensor core: fragments of 16 rows (left) and 8 columns (right), 32 bytes
// deep, read from shared memory; see common/mma.cuh for which lane holds what.
//
//   float16, bfloat16   16 terms; products exact, sums in float32
//   float32, 1 pass     8 terms, rounded to 11 bits (Precision::tf32)
//   float32, 3 passes   8 terms; each number is split as x = high + low, both of 11 bits, and a b
//   is
//                       taken as low high + high low + high high. What is left out, and low's own
//                       rounding, is at most 3 2^-22 of each product. An infinity gives NaN: its
//                       low part is infinity - infinity.
//   float64             4 terms, by two products of 8 rows
//
// A finished fragment of sums has d[0..1] in row lane / 4, d[2..3] in row lane / 4 + 8, at columns
// 2 (lane % 4) and the next, for all types.
#pragma once

#include "cuda/conv/chunks.cuh"

namespace mt::conv {

// N is 4 for the left operand, 2 for the right one.
template <class T, int N, int PASSES>
struct Operand {
    std::uint32_t raw[N];
    __device__ __forceinline__ void set(int i, std::uint32_t word) { raw[i] = word; }
};
template <int N, int PASSES>
struct Operand<float, N, PASSES> {
    float high[N], low[PASSES == 3 ? N : 1];
    __device__ __forceinline__ void set(int i, float x) {
        high[i] = ptx::to_tf32(x);
        if constexpr (PASSES == 3) low[i] = ptx::to_tf32(x - high[i]);
    }
    __device__ __forceinline__ void set(int i, std::uint32_t word) {
        set(i, __uint_as_float(word));
    }
};
template <int N, int PASSES>
struct Operand<double, N, PASSES> {
    double v[N / 2];
};

// d += left right
template <int P>
__device__ __forceinline__ void mma(float (&d)[4], const Operand<float16, 4, P>& left,
                                    const Operand<float16, 2, P>& right) {
    ptx::mma_f16(d, left.raw, right.raw);
}
template <int P>
__device__ __forceinline__ void mma(float (&d)[4], const Operand<bfloat16, 4, P>& left,
                                    const Operand<bfloat16, 2, P>& right) {
    ptx::mma_bf16(d, left.raw, right.raw);
}
template <int P>
__device__ __forceinline__ void mma(float (&d)[4], const Operand<float, 4, P>& left,
                                    const Operand<float, 2, P>& right) {
    if constexpr (P == 3) {  // the small ones first
        ptx::mma_tf32(d, left.low, right.high);
        ptx::mma_tf32(d, left.high, right.low);
    }
    ptx::mma_tf32(d, left.high, right.high);
}
template <int P>
__device__ __forceinline__ void mma(double (&d)[4], const Operand<double, 4, P>& left,
                                    const Operand<double, 2, P>& right) {
    for (int half = 0; half < 2; half++) {
        double two[2] = {d[2 * half], d[2 * half + 1]};
        ptx::mma_f64(two, left.v[half], right.v[0]);
        d[2 * half] = two[0], d[2 * half + 1] = two[1];
    }
}

// ---- from rows of terms: fwd and dgrad ----------------------------------------------------------

// ldmatrix moves 16 bytes of a row, whatever they mean: it serves 32-bit elements as well.
template <int PITCH, class T, int P>
__device__ __forceinline__ void load_left(Operand<T, 4, P>& left, const T* rows) {
    const int lane = threadIdx.x % 32;
    std::uint32_t words[4];
    ptx::load_matrix(words, rows + lane % 16 * PITCH + lane / 16 * CHUNK<T>);
#pragma unroll
    for (int i = 0; i < 4; i++) left.set(i, words[i]);
}
template <int PITCH, int P>
__device__ __forceinline__ void load_left(Operand<double, 4, P>& left, const double* rows) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < 2; i++) left.v[i] = rows[(lane / 4 + 8 * i) * PITCH + lane % 4];
}

// Two operands at a time, 16 filters.
template <int PITCH, class T, int P>
__device__ __forceinline__ void load_right(Operand<T, 2, P> (&right)[2], const T* rows) {
    const int lane = threadIdx.x % 32;
    std::uint32_t words[4];
    ptx::load_matrix(words, rows + (lane / 16 * 8 + lane % 8) * PITCH + lane / 8 % 2 * CHUNK<T>);
#pragma unroll
    for (int i = 0; i < 4; i++) right[i / 2].set(i % 2, words[i]);
}
template <int PITCH, int P>
__device__ __forceinline__ void load_right(Operand<double, 2, P> (&right)[2], const double* rows) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < 2; i++) right[i].v[0] = rows[(lane / 4 + 8 * i) * PITCH + lane % 4];
}

// ---- from rows of channels, one for each place: wgrad -------------------------------------------

// ldmatrix transposes 16-bit elements only; others are read one by one. With PITCH 8 (for doubles
// 4) more than a multiple of 32 (16), the lanes' rows and columns are all on different banks.
template <int PITCH, class T, int P>
__device__ __forceinline__ void load_left_transposed(Operand<T, 4, P>& left, const T* rows) {
    const int lane = threadIdx.x % 32;
    if constexpr (sizeof(T) == 2) {
        ptx::load_matrix_transposed(left.raw,
                                    rows + (lane / 16 * 8 + lane % 8) * PITCH + lane / 8 % 2 * 8);
    } else if constexpr (sizeof(T) == 4) {
#pragma unroll
        for (int i = 0; i < 4; i++)
            left.set(i, rows[(lane % 4 + i / 2 * 4) * PITCH + lane / 4 + i % 2 * 8]);
    } else {
#pragma unroll
        for (int i = 0; i < 2; i++) left.v[i] = rows[lane % 4 * PITCH + lane / 4 + i * 8];
    }
}

// Two operands at a time, 16 terms.
template <int PITCH, class T, int P>
__device__ __forceinline__ void load_right_transposed(Operand<T, 2, P> (&right)[2], const T* rows) {
    const int lane = threadIdx.x % 32;
    if constexpr (sizeof(T) == 2) {
        std::uint32_t words[4];
        ptx::load_matrix_transposed(words, rows + lane % 16 * PITCH + lane / 16 * 8);
#pragma unroll
        for (int i = 0; i < 4; i++) right[i / 2].set(i % 2, words[i]);
    } else if constexpr (sizeof(T) == 4) {
#pragma unroll
        for (int i = 0; i < 4; i++)
            right[i / 2].set(i % 2, rows[(lane % 4 + i % 2 * 4) * PITCH + lane / 4 + i / 2 * 8]);
    } else {
#pragma unroll
        for (int i = 0; i < 2; i++) right[i].v[0] = rows[lane % 4 * PITCH + lane / 4 + i * 8];
    }
}

}  // namespace mt::conv
