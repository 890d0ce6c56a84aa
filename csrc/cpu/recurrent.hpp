// What fused recurrent kernels share: packed weights and states, blocks of units.
//
// A block is NR units, the width of a register tile. Weights are packed once, before the first
// step. The state that a product reads is packed by whoever wrote it, into one of two buffers
// that take turns: the tasks of a step read one and write the other.
#pragma once

#include "common/parallel.hpp"
#include "common/vmath.hpp"
#include "cpu/pack.hpp"
#include "cpu/recurrence.hpp"
#include "cpu/tile.hpp"

namespace mt::MT_ISA {

template <class T>
struct RecurrentPlan {
    static constexpr long TASKS = 8;
    static constexpr long ALONE = 1 << 20;  // multiplications that are not worth waking a thread
    long rows, blocks, run, tasks;          // rows: sequences, rounded up; run: blocks of a task
    long steps, width;                      // of a product; sums of a block side by side
    T *weights, *states[2], *sums;

    // `steps` of the product for each of `width` panels of a block.
    RecurrentPlan(const Recurrence& d, int threads, long steps, long width, T* base)
        : rows(round_up(d.N, MR)),
          blocks(round_up(d.H, NR<T>) / NR<T>),
          run((blocks + TASKS - 1) / TASKS),
          tasks((blocks + run - 1) / std::max(1L, run)),
          steps(steps),
          width(width),
          weights(base),
          states{base + blocks * width * NR<T> * steps,
                 base + blocks * width * NR<T> * steps + rows * steps},
          sums(states[1] + rows * steps) {
        (void)threads;
    }

    static std::size_t elements(const Recurrence& d, int threads, long steps, long width) {
        const RecurrentPlan plan(d, threads, steps, width, nullptr);
        return plan.blocks * width * NR<T> * steps + 2 * plan.rows * steps +
               threads * plan.rows * width * NR<T>;
    }

    T* panel(long block, long which) const {
        return weights + (block * width + which) * NR<T> * steps;
    }

    // body(block, the worker's room for sums) for all blocks.
    template <class Body>
    void for_each_block(const Recurrence& d, int threads, const Body& body) const {
        const bool few = d.N * d.H * 4 * d.H < ALONE;
        parallel_for(tasks, few ? 1 : threads, [&](long task, int worker) {
            for (long b = task * run; b < std::min(blocks, (task + 1) * run); b++)
                body(b, sums + worker * rows * width * NR<T>);
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

    // sums[rows x NR] = state x panel
    void multiply(const Recurrence& d, const T* state, const T* panel, T* to) const {
        for (long k = 0; k < steps; k += KC)
            for (long n = 0; n < rows; n += MR)
                tile_of_rows(d.N - n, std::min(KC, steps - k), state + n * steps + k * MR,
                             panel + k * NR<T>, to + n * NR<T>, NR<T>, k > 0);
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
