// The tile of a matrix product that stays in registers: every packed kernel is made of it.
//
//   c[MR x NR] (+)= a b     a: MR numbers a step, b: NR numbers a step, both packed step after step
//
// Where a's rows lie along memory they may as well be read there: see Rows.
//
// In each step MR x 2 vectors of c grow by the product of a broadcast number and a vector: so many
// independent sums hide the latency of the multiply-add, and every number loaded is used often.
#pragma once

#include <algorithm>

#include "common/simd.hpp"

namespace mt::MT_ISA {

// As many rows as leave registers for b and what is broadcast. ARM, too, has 32, but loads several
// numbers of a into one: with more rows some of the sums would go to the stack.
#if MT_VECTOR_BYTES == 64
constexpr long MR = 14;
#elif defined(__aarch64__)
constexpr long MR = 8;
#else
constexpr long MR = 6;
#endif
template <class T>
constexpr long NR = 2 * Simd<T>::LANES;
// Steps after which packed panels are done with: NR x KC numbers stay in the first-level cache.
constexpr long KC = 256;

inline long round_up(long n, long unit) {
    return (n + unit - 1) / unit * unit;
}

// Rows of the left operand as they lie, steps side by side; one that is not there repeats the last.
template <class T>
struct Rows {
    const T* at[MR];

    Rows(const T* first, long stride, long count) {
        for (long i = 0; i < MR; i++) at[i] = first + std::min(i, count - 1) * stride;
    }
};

template <class T>
inline T left_at(const T* panel, long k, long i) {
    return panel[k * MR + i];
}
template <class T>
inline T left_at(const Rows<T>& rows, long k, long i) {
    return rows.at[i][k];
}

// The first ROWS rows of a tile; a is a panel or Rows. With few of them there are too few sums to
// hide the latency: then SPLIT steps in a row have sums of their own, which are added at the end.
template <long ROWS, long SPLIT, class A, class T>
inline void tile_of(long steps, const A& a, const T* b, T* c, long c_row, bool add) {
    constexpr long LANES = Simd<T>::LANES;
    Vector<T> left[SPLIT][ROWS] = {}, right[SPLIT][ROWS] = {};
    // What c holds is added last: until then it has time to come from wherever it is.
#pragma GCC unroll 14
    for (long i = 0; i < ROWS; i++) {
        __builtin_prefetch(c + i * c_row, 1);
        __builtin_prefetch(c + i * c_row + NR<T> - 1, 1);
    }
    auto step = [&](long k, long sums) __attribute__((always_inline)) {
        const Vector<T> b0 = load(b + k * NR<T>), b1 = load(b + k * NR<T> + LANES);
#pragma GCC unroll 14
        for (long i = 0; i < ROWS; i++) {
            left[sums][i] += left_at(a, k, i) * b0;
            right[sums][i] += left_at(a, k, i) * b1;
        }
    };
    long k = 0;
#pragma GCC unroll 4
    for (; k + SPLIT <= steps; k += SPLIT)
#pragma GCC unroll 2
        for (long s = 0; s < SPLIT; s++) step(k + s, s);
    for (; k < steps; k++) step(k, 0);
#pragma GCC unroll 14
    for (long i = 0; i < ROWS; i++) {
        if (SPLIT == 2) left[0][i] += left[SPLIT - 1][i], right[0][i] += right[SPLIT - 1][i];
        if (add) left[0][i] += load(c + i * c_row), right[0][i] += load(c + i * c_row + LANES);
        store(c + i * c_row, left[0][i]);
        store(c + i * c_row + LANES, right[0][i]);
    }
}

template <class A, class T>
inline void tile(long steps, const A& a, const T* b, T* c, long c_row, bool add) {
    tile_of<MR, 1>(steps, a, b, c, c_row, add);
}

// As many rows of a tile as are there, or a few more.
template <class A, class T>
inline void tile_of_rows(long rows, long steps, const A& a, const T* b, T* c, long c_row,
                         bool add) {
    if (rows > 8 || (MR <= 8 && rows > 4)) return tile(steps, a, b, c, c_row, add);
    if constexpr (MR > 8)
        if (rows > 4) return tile_of<8, 1>(steps, a, b, c, c_row, add);
    if (rows > 2) return tile_of<4, 1>(steps, a, b, c, c_row, add);
    tile_of<2, 2>(steps, a, b, c, c_row, add);
}

// A tile of which only m x n numbers are there.
template <class A, class T>
inline void tile_at_edge(long steps, const A& a, const T* b, T* c, long c_row, bool add, long m,
                         long n) {
    if (n >= NR<T> && (m >= MR || (MR > 8 && m == 8) || m == 4 || m == 2))
        return tile_of_rows(m, steps, a, b, c, c_row, add);
    T whole[MR * NR<T>];
    tile_of_rows(m, steps, a, b, whole, NR<T>, false);
    for (long i = 0; i < std::min(m, MR); i++)
        for (long j = 0; j < std::min(n, NR<T>); j++)
            c[i * c_row + j] = (add ? c[i * c_row + j] : T(0)) + whole[i * NR<T> + j];
}

// c[rows x columns] (+)= a b for panels that are packed: a in panels of MR rows, `a_panel` numbers
// each, b in panels of NR columns of `steps` steps.
template <class T>
inline void tiles(long rows, long columns, long steps, const T* a, long a_panel, const T* b, T* c,
                  long c_row, bool add) {
    constexpr long MC = 16 * MR;  // rows whose panels stay in the second-level cache
    for (long i0 = 0; i0 < rows; i0 += MC)
        for (long j = 0; j < columns; j += NR<T>)
            for (long i = i0; i < std::min(rows, i0 + MC); i += MR)
                tile_at_edge(steps, a + i / MR * a_panel, b + j * steps, c + i * c_row + j, c_row,
                             add, rows - i, columns - j);
}

// Operands in blocks: numbers beside each other in one dimension (channels), LANES to a block, and
// the other dimension (tiles of images) inside: element (i, j) at (j / LANES * I + i) * LANES +
// j % LANES. A vector of c is VECTORS of b's blocks wide, and these blocks lie `b_block` apart.
//
// The rows of a are ROW apart. Each of `steps` steps takes INNER numbers of a row, beside each
// other if there are several; `a_step` leads to the next.
template <class T>
constexpr long BLOCK_ROWS = Simd<T>::LANES < 4 ? Simd<T>::LANES : 4;

template <int VECTORS, int INNER, int ROW, class T>
inline void block_tile(long steps, const T* a, long a_step, const T* b, long b_block, T* c,
                       long c_block, bool add) {
    constexpr long LANES = Simd<T>::LANES, ROWS = BLOCK_ROWS<T>;
    Vector<T> sum[ROWS][VECTORS] = {};
    for (long step = 0; step < steps; step++, a += a_step)
#pragma GCC unroll 8
        for (long k = 0; k < INNER; k++, b += LANES) {
            Vector<T> right[VECTORS];
#pragma GCC unroll 3
            for (long v = 0; v < VECTORS; v++) right[v] = load(b + v * b_block);
#pragma GCC unroll 4
            for (long i = 0; i < ROWS; i++)
#pragma GCC unroll 3
                for (long v = 0; v < VECTORS; v++) sum[i][v] += a[i * ROW + k] * right[v];
        }
    if (add)
#pragma GCC unroll 4
        for (long i = 0; i < ROWS; i++)
#pragma GCC unroll 3
            for (long v = 0; v < VECTORS; v++) sum[i][v] += load(c + i * LANES + v * c_block);
#pragma GCC unroll 4
    for (long i = 0; i < ROWS; i++)
#pragma GCC unroll 3
        for (long v = 0; v < VECTORS; v++) store(c + i * LANES + v * c_block, sum[i][v]);
}

// c[rows r0 .. r1 x blocks] (+)= a b in such tiles: a row of them for each 3 of b's blocks, which
// stay in the first-level cache meanwhile; left(r) is where row r of a begins.
template <int INNER, int ROW, class T, class Left>
inline void block_tiles(long r0, long r1, long blocks, long steps, const Left& left, long a_step,
                        const T* b, long b_block, T* c, long c_block, bool add) {
    const auto row_of_tiles = [&](auto tile, long j) {
        for (long r = r0; r < r1; r += BLOCK_ROWS<T>)
            tile(steps, left(r), a_step, b + j * b_block, b_block,
                 c + j * c_block + r * Simd<T>::LANES, c_block, add);
    };
    for (long j = 0, take; j < blocks; j += take) {
        take = blocks - j == 4 ? 2 : std::min(3L, blocks - j);  // one alone would keep it waiting
        if (take == 3)
            row_of_tiles(block_tile<3, INNER, ROW, T>, j);
        else if (take == 2)
            row_of_tiles(block_tile<2, INNER, ROW, T>, j);
        else
            row_of_tiles(block_tile<1, INNER, ROW, T>, j);
    }
}

}  // namespace mt::MT_ISA
