// Implicit products by the tensor cores: the kernels of k08 and k09, which differ in how float32 is
// given to them (PASSES, see mma_operands.cuh).
#pragma once

#include "cuda/conv/implicit_tile.cuh"
#include "cuda/conv/mma_operands.cuh"
#include "cuda/conv/wgrad_parts.cuh"

namespace mt::conv {

// A warp's sums: 16 MF rows x 8 NF columns. Tensor cores truncate what they add to, always down in
// size, so with 3 passes, which are to be as good as float32, the sums of DRAIN slices (of 16
// terms) are made apart and then added by float32's rounding.
template <class T, int PASSES, int MF, int NF>
struct WarpSums {
    static constexpr bool APART = PASSES == 3 && sizeof(T) == 4;
    static constexpr int DRAIN = 4;
    Sum<T> sum[MF][NF][4] = {}, apart[APART ? MF : 1][APART ? NF : 1][4] = {};
    int slices = 0;

    __device__ __forceinline__ Sum<T> (&target(int i, int j))[4] {
        if constexpr (APART)
            return apart[i][j];
        else
            return sum[i][j];
    }
    __device__ __forceinline__ void drain() {
        if constexpr (APART)
#pragma unroll
            for (int i = 0; i < MF; i++)
#pragma unroll
                for (int j = 0; j < NF; j++)
#pragma unroll
                    for (int l = 0; l < 4; l++) sum[i][j][l] += apart[i][j][l], apart[i][j][l] = 0;
    }

    // Adds one slice: left(operand, i, step) and right(operands, pair of j, step) load fragments.
    template <class Left, class Right>
    __device__ __forceinline__ void add(Left left, Right right) {
#pragma unroll
        for (int step = 0; step < 2; step++) {
            Operand<T, 4, PASSES> a[MF];
#pragma unroll
            for (int i = 0; i < MF; i++) left(a[i], i, step);
#pragma unroll
            for (int j = 0; j < NF; j += 2) {
                Operand<T, 2, PASSES> b[2];
                right(b, j, step);
#pragma unroll
                for (int i = 0; i < MF; i++)
#pragma unroll
                    for (int l = 0; l < 2; l++) mma(target(i, j + l), a[i], b[l]);
            }
        }
        if (++slices % DRAIN == 0) drain();
    }

    // Calls store(row, column, sum) for the lane's elements.
    template <class Store>
    __device__ __forceinline__ void each(Store store) {
        drain();
        const int row = threadIdx.x % 32 / 4, column = threadIdx.x % 4 * 2;
#pragma unroll
        for (int i = 0; i < MF; i++)
#pragma unroll
            for (int half = 0; half < 2; half++)
#pragma unroll
                for (int j = 0; j < NF; j++)
#pragma unroll
                    for (int l = 0; l < 2; l++)
                        store(16 * i + 8 * half + row, 8 * j + column + l, sum[i][j][2 * half + l]);
    }
};

// How many blocks a multiprocessor has room for: sums apart and doubles take the registers of two.
template <class T, int PASSES>
constexpr int blocks_at_once() {
    return sizeof(T) == 8 || (sizeof(T) == 4 && PASSES == 3) ? 1 : 2;
}

// Eight warps share 128 places x BN filters, each 32 filters wide.
template <class T, int PASSES, int BN, bool VECTOR>
__global__ void __launch_bounds__(256, blocks_at_once<T, PASSES>())
    implicit_mma(Correlation<T> c, const T* packed) {
    typedef ImplicitTile<T, BN> Tile;
    constexpr int ACROSS = BN / 32, WM = Tile::BM * ACROSS / 8, STEP = 32 / sizeof(T);
    static_assert(WM % 16 == 0, "a warp's rows are whole fragments");
    MT_DYNAMIC_SHARED(T, shared);
    const int m0 = blockIdx.x * Tile::BM, n0 = blockIdx.y * BN, group = blockIdx.z;
    const int row = threadIdx.x / 32 / ACROSS * WM, column = threadIdx.x / 32 % ACROSS * 32;
    WarpSums<T, PASSES, WM / 16, 4> sums;
    auto multiply = [&](const T* slot) {
        const T* a = slot + row * Tile::PITCH;
        const T* b = slot + (Tile::BM + column) * Tile::PITCH;
        sums.add(
            [&](Operand<T, 4, PASSES>& left, int i, int step) {
                load_left<Tile::PITCH>(left, a + 16 * i * Tile::PITCH + step * STEP);
            },
            [&](Operand<T, 2, PASSES>(&right)[2], int j, int step) {
                load_right<Tile::PITCH>(right, b + 8 * j * Tile::PITCH + step * STEP);
            });
    };
    Tile::template each_slice<VECTOR>(shared, c, packed, m0, n0, multiply);
    int last = -1;
    long long at = 0;
    sums.each([&](int i, int j, Sum<T> sum) {
        const int m = m0 + row + i, out = n0 + column + j;
        if (m >= c.places() || out >= c.outputs) return;
        if (m != last) at = y_offset(c, m), last = m;
        store(c, at, group, out, sum);
    });
}

// Eight warps share 64 filters x 128 terms, each 32 x 32.
template <class T, int PASSES, bool VECTOR>
__global__ void __launch_bounds__(256, blocks_at_once<T, PASSES>())
    wgrad_mma(Correlation<T> c, Parts<T> parts) {
    typedef WgradTile<T> Tile;
    constexpr int STEP = 32 / sizeof(T);
    static_assert(Tile::OUTS == 64 && Tile::TERMS == 128, "2 x 4 warps of 32 x 32");
    MT_DYNAMIC_SHARED(T, shared);
    const WgradBlock b(c, parts);
    const int row = threadIdx.x / 128 * 32, column = threadIdx.x / 32 % 4 * 32;
    WarpSums<T, PASSES, 2, 4> sums;
    auto multiply = [&](const T* dy, const T* x) {
        sums.add(
            [&](Operand<T, 4, PASSES>& left, int i, int step) {
                const T* from = dy + step * STEP * Tile::OUT_PITCH + row + 16 * i;
                load_left_transposed<Tile::OUT_PITCH>(left, from);
            },
            [&](Operand<T, 2, PASSES>(&right)[2], int j, int step) {
                const T* from = x + step * STEP * Tile::TERM_PITCH + column + 8 * j;
                load_right_transposed<Tile::TERM_PITCH>(right, from);
            });
    };
    Tile::template each_slice<VECTOR>(shared, c, b.begin, b.end, b.group, b.m0, b.n0, multiply);
    sums.each([&](int i, int j, Sum<T> sum) {
        store_filter(c, parts, b.part, b.group, b.m0 + row + i, b.n0 + column + j, sum);
    });
}

// ---- on the host --------------------------------------------------------------------------------

template <int PASSES, int BN, class T>
void correlate_mma(const char* name, const Correlation<T>& c, const Conv& p) {
    typedef ImplicitTile<T, BN> Tile;
    const T* packed = pack(c, p);
    dim3 grid(blocks_for(c.places(), Tile::BM), blocks_for(c.outputs, BN), c.groups);
    launch(
        LaunchShape{name, grid, Tile::THREADS, Tile::BYTES, p.stream},
        image_in_chunks(c) ? implicit_mma<T, PASSES, BN, true> : implicit_mma<T, PASSES, BN, false>,
        c, packed);
}

template <int PASSES, class T>
void correlate_mma(const char* name, const Correlation<T>& c, const Conv& p) {
    constexpr int WIDE = sizeof(T) == 8 ? 64 : 128;
    if (c.outputs <= 32)
        correlate_mma<PASSES, 32>(name, c, p);
    else
        correlate_mma<PASSES, WIDE>(name, c, p);
}

template <int PASSES, class T>
void filter_gradient_mma(const char* name, const Correlation<T>& c, const Conv& p) {
    launch_parts(name,
                 image_in_chunks(c) && y_in_chunks(c) ? wgrad_mma<T, PASSES, true>
                                                      : wgrad_mma<T, PASSES, false>,
                 c, p, parts_for(c));
}

inline std::string tensor_cores(const Conv& p) {
    return compute_capability() < 80 ? "it needs compute capability 8.0" : fits_grid(p);
}

}  // namespace mt::conv
