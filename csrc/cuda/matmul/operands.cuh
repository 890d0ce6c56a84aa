// What the rungs of matmul share: reading operands, the tile of a block, and the epilogue.
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

// COUNT elements that are read or written by one instruction.
template <class T, int COUNT>
struct alignas(COUNT * sizeof(T)) Pack {
    T v[COUNT];
};
template <class T>
constexpr int WIDE = 16 / sizeof(T);  // elements of the widest access

// An operand as its side of y sees it: a has M rows of K elements, b has N columns of K. Written
// so, both are read by the same code, and a transposed operand differs in its strides alone.
template <class T>
struct Side {
    const T* data;
    long long count;                 // M or N
    long long batch, across, along;  // strides: to the next matrix; to the next row of a or column
                                     // of b; to the next k
    bool wide;                       // chunks of 16 bytes are aligned, on the axis of stride 1

    __device__ const T* at(long long l, long long i, long long k) const {
        return data + l * batch + i * across + k * along;
    }
};

// A kernel's arguments: typed, with the strides as they came. Offsets are in 64 bits.
template <class T>
struct Arguments {
    long long batch, M, N, K;
    Side<T> a, b;
    T* y;
    const T *bias, *residual;
    bool relu;
    bool wide;  // rows of y, bias and residual are aligned for 16 bytes
};

inline bool aligned16(const void* p) {
    return reinterpret_cast<std::uintptr_t>(p) % 16 == 0;
}

template <class T>
Side<T> side(const Matrix& m, long long count, long long across, long long along) {
    const long long leading = along == 1 ? across : along;
    const bool wide = (along == 1 || across == 1) && aligned16(m.data) && leading % WIDE<T> == 0 &&
                      m.batch % WIDE<T> == 0;
    return {static_cast<const T*>(m.data), count, m.batch, across, along, wide};
}

template <class T>
Arguments<T> typed(const Matmul& p) {
    const bool wide =
        p.N % WIDE<T> == 0 && aligned16(p.y) && aligned16(p.bias) && aligned16(p.residual);
    return {p.batch,
            p.M,
            p.N,
            p.K,
            side<T>(p.a, p.M, p.a.row, p.a.column),
            side<T>(p.b, p.N, p.b.column, p.b.row),
            static_cast<T*>(p.y),
            static_cast<const T*>(p.bias),
            static_cast<const T*>(p.residual),
            p.relu,
            wide};
}

// ---- the tile of a block ------------------------------------------------------------------------

struct Tile {
    long long l, m, n;  // which product, its first row and column
};

// Grids are one-dimensional: along y and z they would end at 65535 blocks. The tiles of a row of
// tiles come one after another.
template <int BM, int BN, class T>
__device__ Tile tile_at(const Arguments<T>& p, unsigned index) {
    const unsigned rows = unsigned((p.M + BM - 1) / BM), columns = unsigned((p.N + BN - 1) / BN);
    const unsigned strip = index / columns;
    return {strip / rows, (strip % rows) * (long long)BM, (index % columns) * (long long)BN};
}

inline dim3 grid_of_tiles(const Matmul& p, int bm, int bn, long long splits = 1) {
    const double count = double(blocks_for(p.M, bm)) * blocks_for(p.N, bn) * p.batch * splits;
    if (count > 0x7fffffff) throw std::runtime_error("matmul: more tiles than a grid has blocks");
    return dim3(unsigned(count));
}

// ---- the epilogue -------------------------------------------------------------------------------

// What happens to a finished sum on its way to y[l,m,n].
template <class T>
__device__ __forceinline__ Sum<T> finish(const Arguments<T>& p, Sum<T> sum, long long at,
                                         long long n) {
    if (p.bias) sum += Sum<T>(p.bias[n]);
    if (p.residual) sum += Sum<T>(p.residual[at]);
    if (p.relu && sum < Sum<T>(0)) sum = Sum<T>(0);
    return sum;
}

template <class T>
__device__ __forceinline__ void store(const Arguments<T>& p, long long l, long long m, long long n,
                                      Sum<T> sum) {
    const long long at = (l * p.M + m) * p.N + n;
    p.y[at] = T(finish(p, sum, at, n));
}

// COUNT neighbours of a row, whatever of them is inside of y; n is a multiple of COUNT.
template <int COUNT, class T>
__device__ __forceinline__ void store_row(const Arguments<T>& p, long long l, long long m,
                                          long long n, const Sum<T>* sums) {
    if (m >= p.M || n >= p.N) return;
    if (!p.wide || COUNT > WIDE<T>) {
#pragma unroll
        for (int i = 0; i < COUNT; i++)
            if (n + i < p.N) store(p, l, m, n + i, sums[i]);
        return;
    }
    typedef Pack<T, (COUNT < WIDE<T> ? COUNT : WIDE<T>)> Chunk;
    const long long at = (l * p.M + m) * p.N + n;
    Chunk bias{}, residual{}, out;
    if (p.bias) bias = *reinterpret_cast<const Chunk*>(p.bias + n);
    if (p.residual) residual = *reinterpret_cast<const Chunk*>(p.residual + at);
#pragma unroll
    for (int i = 0; i < COUNT && i < WIDE<T>; i++) {
        Sum<T> sum = sums[i];
        if (p.bias) sum += Sum<T>(bias.v[i]);
        if (p.residual) sum += Sum<T>(residual.v[i]);
        out.v[i] = T(p.relu && sum < Sum<T>(0) ? Sum<T>(0) : sum);
    }
    *reinterpret_cast<Chunk*>(p.y + at) = out;
}

// `most`, or what is left where that is less.
__device__ __forceinline__ int least(int most, long long left) {
    return left < most ? int(left) : most;
}

// ---- tiles in shared memory ---------------------------------------------------------------------

// Fills tile[k][i] with COUNT rows of a (columns of b) from `first` on and DEPTH elements of each
// from k0 on, in the type of the sums; zeros where the matrix ends. Neighbouring threads read
// neighbouring addresses. PAD keeps them apart in shared memory where they go along k.
template <int THREADS, int COUNT, int DEPTH, int PAD, class T>
__device__ __forceinline__ void load_tile(Sum<T> (&tile)[DEPTH][COUNT + PAD], const Side<T>& side,
                                          long long l, long long first, long long k0, long long K) {
    static_assert(THREADS % COUNT == 0 && THREADS % DEPTH == 0 && COUNT * DEPTH % THREADS == 0,
                  "every thread reads as many elements, in equal steps along one axis");
    const int t = threadIdx.x;
    const bool along = side.along == 1;
    const int i0 = along ? t / DEPTH : t % COUNT, di = along ? THREADS / DEPTH : 0;
    const int d0 = along ? t % DEPTH : t / COUNT, dk = along ? 0 : THREADS / COUNT;
    const int count = least(COUNT, side.count - first), depth = least(DEPTH, K - k0);
    const T* from = side.at(l, first + i0, k0 + d0);
    const long long step = di * side.across + dk * side.along;
#pragma unroll 4  // as many loads under way; more would cost the rungs above k04 their registers
    for (int e = 0; e < COUNT * DEPTH / THREADS; e++) {
        const int i = i0 + e * di, k = d0 + e * dk;
        tile[k][i] = i < count && k < depth ? Sum<T>(from[e * step]) : Sum<T>(0);
    }
}

// Blocks that share a multiprocessor where a thread has 64 sums: those of float64 take twice the
// registers, 128 of the 255 that a thread can have.
template <class T>
constexpr int SHARERS = sizeof(Sum<T>) == 8 ? 1 : 2;

// ---- for the launchers --------------------------------------------------------------------------

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
