// What fused recurrent kernels share: packed weights and states, blocks of units.
//
// A block is NR units, the width of a register tile, and a task of every step; the same thread
// gets the same blocks, so that their weights stay in its cache. Weights are packed once, before
// the first step. The state that a product reads is packed by whoever wrote it, into one of two
// buffers that take turns: the tasks of a step read one and write the other.
#pragma once

#include <initializer_list>

#include "common/parallel.hpp"
#include "common/vmath.hpp"
#include "cpu/pack.hpp"
#include "cpu/recurrence.hpp"
#include "cpu/tile.hpp"

namespace mt::MT_ISA {

// A block's numbers in a matrix whose rows have `parts` of H.
template <class T>
struct Strip {
    const T* first;
    long parts;
};

template <class T>
struct RecurrentPlan {
    static constexpr long ALONE = 1 << 18;  // multiplications that are not worth a second thread
    long rows, blocks;                      // rows: sequences, rounded up
    long steps, width;                      // of a product; sums of a block side by side
    T *weights, *states[2], *sums;

    // `steps` of the product for each of `width` panels of a block.
    RecurrentPlan(const Recurrence& d, long steps, long width, T* base)
        : rows(round_up(d.N, MR)),
          blocks(round_up(d.H, NR<T>) / NR<T>),
          steps(steps),
          width(width),
          weights(base),
          states{base + blocks * width * NR<T> * steps,
                 base + blocks * width * NR<T> * steps + rows * steps},
          sums(states[1] + rows * steps) {}

    static std::size_t elements(const Recurrence& d, int threads, long steps, long width) {
        const RecurrentPlan plan(d, steps, width, nullptr);
        return plan.blocks * width * NR<T> * steps + 2 * plan.rows * steps +
               threads * plan.rows * width * NR<T>;
    }

    T* panel(long block, long which) const {
        return weights + (block * width + which) * NR<T> * steps;
    }

    // body(step, block, the worker's room for sums) for all blocks of step 0, then of step 1, ...
    template <class Body>
    void for_each_step(const Recurrence& d, int threads, long count, const Body& body) const {
        const bool few = d.N * d.H * 4 * d.H < ALONE;
        parallel_steps(count, blocks, few ? 1 : threads, [&](long step, long b, int worker) {
            body(step, b, sums + worker * rows * width * NR<T>);
        });
    }

    // Columns [first, first + count) of an N x steps matrix whose rows are `stride` apart, into
    // a packed state.
    void pack_state(const Recurrence& d, const T* from, long stride, long first, long count,
                    T* state) const {
        for (long n = 0; n < d.N; n += MR)
            pack<MR>(from + n * stride + first, stride, 1, std::min(MR, d.N - n), count,
                     state + n * steps + first * MR);
    }

    // sums[width x rows x NR] = state x the block's panels. Meanwhile what the gates will read and
    // write comes nearer, some rows at each tile: in pieces so short no cache foresees it.
    void multiply(const Recurrence& d, const T* state, long block, T* to,
                  std::initializer_list<Strip<T>> ahead = {}) const {
        const long turns = width * ((steps + KC - 1) / KC);
        long turn = 0;
        for (long q = 0; q < width; q++, to += rows * NR<T>)
            for (long k = 0; k < steps; k += KC, turn++)
                for (long n = 0; n < rows; n += MR) {
                    for (long i = n + turn; i < std::min(d.N, n + MR); i += turns)
                        for (const Strip<T>& of : ahead)
                            for (long part = 0; part < of.parts; part++)
                                __builtin_prefetch(of.first + (i * of.parts + part) * d.H, 0, 2);
                    tile_of_rows(d.N - n, std::min(KC, steps - k), state + n * steps + k * MR,
                                 panel(block, q) + k * NR<T>, to + n * NR<T>, NR<T>, k > 0);
                }
    }
};

// Up to LANES neighbours; the others are 0.
template <class T>
inline Vector<T> load_some(const T* from, long count) {
    if (count >= Simd<T>::LANES) return load(from);
    Vector<T> v = {};
    for (long i = 0; i < count; i++) v[i] = from[i];
    return v;
}

template <class T>
inline void store_some(T* to, long count, Vector<T> v) {
    if (count >= Simd<T>::LANES) return store(to, v);
    for (long i = 0; i < count; i++) to[i] = v[i];
}

}  // namespace mt::MT_ISA
