// The packed matrix product, for every kernel that is one: c (+)= a b in blocks for the caches.
//
//   scratch (shared)      k_pass steps of a, in panels of MR rows; or a as it lies
//   second-level cache    a block of those rows; KC steps of b's columns, in panels of NR
//   first-level cache     one panel of b
//   registers             a tile of c
//
// Columns and steps may come in runs, so that several images count as one matrix: column j lies
// at (j / run) jump + (j % run) stride. A tile that would cross from one run into the next is
// made beside and copied.
#pragma once

#include <cstddef>

#include "common/parallel.hpp"
#include "cpu/matmul/rungs.hpp"
#include "cpu/pack.hpp"
#include "cpu/tile.hpp"

namespace mt::MT_ISA {

// An axis in runs of neighbours.
struct Runs {
    long length, run;

    // body(first, count) for the pieces of [begin, end) that lie within one run.
    template <class Body>
    void pieces(long begin, long end, const Body& body) const {
        while (begin < end) {
            long count = std::min(end - begin, run - begin % run);
            body(begin, count);
            begin += count;
        }
    }
    long at(long i, long stride, long jump) const { return i / run * jump + i % run * stride; }
};

struct Product {
    long m;
    Runs n, k;
    long a_row, a_step, a_jump;                  // jump: from one run of steps to the next
    long b_step, b_step_jump, b_column, b_jump;  // b_jump: from one run of columns to the next
    long c_row, c_jump;
};

// How a product is cut: by its shape alone.
template <class T>
struct Cut {
    static constexpr long MC = 16 * MR;       // rows whose panels stay in the second-level cache
    static constexpr long NC = 16 * NR<T>;    // columns, likewise, at most
    static constexpr long TASKS = 8;          // about so many, if there is enough to do
    static constexpr long SHARED = 4L << 20;  // bytes of panels of a at a time
    static constexpr long ALONE = 1L << 20;   // products that are not worth waking a thread
    bool packed;  // a, that is: not where its rows lie along memory and registers can point to them
    long rows, columns, blocks, strips, k_pass;
    std::size_t left;  // numbers of packed panels of a

    explicit Cut(const Product& p) : packed(MR > 8 || p.a_step != 1 || p.k.length > p.k.run) {
        columns = std::clamp(round_up((p.n.length + TASKS - 1) / TASKS, NR<T>), 2 * NR<T>, NC);
        strips = (p.n.length + columns - 1) / columns;
        // An odd number of strips is cut in two if there are so many rows that packing twice
        // costs little.
        const long even = strips % 2 && p.m >= 4 * MC ? 2 : 1;
        const long wanted =
            std::clamp(TASKS / std::max(1L, strips), even, std::max(even, (p.m + MC - 1) / MC));
        rows = round_up((p.m + wanted - 1) / std::max(1L, wanted), MR);
        blocks = (p.m + rows - 1) / std::max(1L, rows);
        const long step = round_up(p.m, MR) * sizeof(T);
        const long pass = std::max(1L, SHARED / std::max(1L, step * KC)) * KC;
        k_pass = packed ? std::min(p.k.length, pass) : p.k.length;
        left = packed ? round_up(p.m, MR) * k_pass : 0;
    }
};

template <class T>
std::size_t product_scratch(const Product& p, int threads) {
    const Cut<T> cut(p);
    return cut.left + threads * std::min(KC, p.k.length) * cut.columns;
}

// Panels of MR rows of a, steps [k0, k1).
template <class T>
void pack_left(const Product& p, int threads, const T* a, long k0, long k1, T* to) {
    constexpr long PANELS = 8;  // of a task
    const long tasks = (p.m + PANELS * MR - 1) / (PANELS * MR);
    const bool few = p.m * (k1 - k0) < 65536;
    parallel_for(tasks, few ? 1 : threads, [&](long task, int) {
        const long end = std::min(p.m, (task + 1) * PANELS * MR);
        for (long i = task * PANELS * MR; i < end; i += MR) {
            const long lines = std::min(MR, end - i);
            T* panel = to + i * (k1 - k0);
            p.k.pieces(k0, k1, [&](long k, long count) {
                pack<MR>(a + i * p.a_row + p.k.at(k, p.a_step, p.a_jump), p.a_row, p.a_step, lines,
                         count, panel + (k - k0) * MR);
            });
            pack_zeros<MR>(lines, k1 - k0, panel);
        }
    });
}

// A panel of up to NR columns of b: columns [j, j + count), steps [k, k + steps).
template <class T>
void pack_right(const Product& p, const T* b, long j, long count, long k, long steps, T* to) {
    p.n.pieces(j, j + count, [&](long column, long lines) {
        const T* from = b + p.n.at(column, p.b_column, p.b_jump);
        p.k.pieces(k, k + steps, [&](long step, long run) {
            pack<NR<T>>(from + p.k.at(step, p.b_step, p.b_step_jump), p.b_column, p.b_step, lines,
                        run, to + (step - k) * NR<T> + column - j);
        });
    });
    pack_zeros<NR<T>>(count, steps, to);
}

// A tile of c whose first column is j; `rows` x `columns` of it are there.
template <class A, class T>
inline void product_tile(const Product& p, long steps, const A& a, const T* b, T* c, long j,
                         bool add, long rows, long columns) {
    const long at = j % p.n.run;
    c += j / p.n.run * p.c_jump + at;
    if (at + columns <= p.n.run) return tile_at_edge(steps, a, b, c, p.c_row, add, rows, columns);
    T whole[MR * NR<T>];
    tile(steps, a, b, whole, NR<T>, false);
    c -= at;
    p.n.pieces(at, at + columns, [&](long first, long count) {
        const T* from = whole + first - at;
        T* to = c + p.n.at(first, 1, p.c_jump);
        for (long i = 0; i < rows; i++, from += NR<T>, to += p.c_row)
            for (long x = 0; x < count; x++) to[x] = (add ? to[x] : T(0)) + from[x];
    });
}

// One task: rows [i0, i1) and columns [j0, j1) of c, for the steps [k0, k1). `left` is a, or holds
// its panels of these steps.
template <class T>
void product_block(const Product& p, bool packed, long i0, long i1, long j0, long j1, long k0,
                   long k1, const T* left, const T* b, const Epilogue<T>& epilogue, T* c,
                   T* right) {
    for (long k = k0; k < k1; k += KC) {
        const long steps = std::min(KC, k1 - k);
        const bool add = k > 0 || epilogue.accumulate, last = k + steps == p.k.length;
        for (long i = i0; i < i1; i += Cut<T>::MC) {
            const long end = std::min(i1, i + Cut<T>::MC);
            for (long j = j0; j < j1; j += NR<T>) {
                // With rows for one block only a panel is not needed again: the next one takes
                // its place, in the first-level cache.
                T* const panel = right + (i1 - i0 > Cut<T>::MC ? (j - j0) * steps : 0);
                if (i == i0) pack_right(p, b, j, std::min(NR<T>, j1 - j), k, steps, panel);
                for (long row = i; row < end; row += MR) {
                    auto multiply = [&](const auto& rows_of_a) {
                        product_tile(p, steps, rows_of_a, panel, c + row * p.c_row, j, add,
                                     std::min(MR, end - row), std::min(NR<T>, j1 - j));
                    };
                    if (packed)
                        multiply(left + row * (k1 - k0) + (k - k0) * MR);
                    else
                        multiply(Rows<T>(left + row * p.a_row + k, p.a_row, end - row));
                }
            }
            if (!last || (!epilogue.bias && !epilogue.relu)) continue;
            p.n.pieces(j0, j1, [&](long j, long count) {
                Epilogue<T> here = epilogue;
                here.bias += here.bias ? j * here.bias_column : 0;
                T* to = c + p.n.at(j, 1, p.c_jump);
                for (long row = i; row < end; row++)
                    finish_row(here, row, 0, count, to + row * p.c_row);
            });
        }
    }
}

template <class T>
void product(const Product& p, int threads, const T* a, const T* b, const Epilogue<T>& epilogue,
             T* c, T* scratch) {
    const Cut<T> cut(p);
    if (p.m * p.n.length * p.k.length < Cut<T>::ALONE) threads = 1;
    T* const rights = scratch + cut.left;
    for (long k0 = 0; k0 < p.k.length; k0 += cut.k_pass) {
        const long k1 = std::min(p.k.length, k0 + cut.k_pass);
        if (cut.packed) pack_left(p, threads, a, k0, k1, scratch);
        parallel_for(cut.blocks * cut.strips, threads, [&](long task, int worker) {
            const long i0 = task % cut.blocks * cut.rows, j0 = task / cut.blocks * cut.columns;
            product_block(p, cut.packed, i0, std::min(p.m, i0 + cut.rows), j0,
                          std::min(p.n.length, j0 + cut.columns), k0, k1, cut.packed ? scratch : a,
                          b, epilogue, c, rights + worker * std::min(KC, p.k.length) * cut.columns);
        });
    }
}

}  // namespace mt::MT_ISA
