// Long short-term memory, rung 2, forward: the gates where their sums are made.
//
// Idea      The weights are the same at every step: they are packed once. A task makes the four
//           sums of some units in register tiles and, while they are in the nearest cache, the
//           gates of those units, in vectors (common/vmath.hpp).
// Changed   Tiles and vectors; the units are shared among threads.
// Requires  Nothing.
// Launch    A task per block of units, for the weights and then for each step.
// Reading   cpu/recurrent.hpp; then gate, block.
#include "cpu/lstm/rungs.hpp"
#include "cpu/recurrent.hpp"

namespace mt::MT_ISA {
namespace {

// The gates of `count` neighbouring units of one sequence. `sums` are NR apart for each gate's
// rows, everything in memory is H apart; `p` points to the peepholes or is null.
template <class T>
inline void gate(const T* sums, long gate_stride, const T* gates, long H, long count, const T* p,
                 const T* before, T* activated, T* cell, T* hidden) {
    Vector<T> z[4];
#pragma GCC unroll 4
    for (int q = 0; q < 4; q++)
        z[q] = load(sums + q * gate_stride) + load_some(gates + q * H, count);
    const Vector<T> c = load_some(before, count);
    if (p) z[0] += c * load_some(p, count), z[1] += c * load_some(p + H, count);
    const Vector<T> i = small_sigmoid<T>(z[0]), f = small_sigmoid<T>(z[1]), g = vtanh<T>(z[2]);
    const Vector<T> now = f * c + i * g;
    if (p) z[3] += now * load_some(p + 2 * H, count);
    const Vector<T> o = small_sigmoid<T>(z[3]);
    store_some(activated, count, i), store_some(activated + H, count, f);
    store_some(activated + 2 * H, count, g), store_some(activated + 3 * H, count, o);
    store_some(cell, count, now), store_some(hidden, count, o * vtanh<T>(now));
}

template <class T>
void block(const Recurrence& d, const RecurrentPlan<T>& plan, long t, long b, const T* gates,
           const LstmStart<T>& start, const LstmStates<T>& to, T* sums) {
    const long H = d.H, NH = d.N * H, first = b * NR<T>, units = std::min(NR<T>, H - first);
    const long part = plan.rows * NR<T>, row = t * NH + first, wide = t * 4 * NH + first;
    plan.multiply(
        d, plan.states[t % 2], b, sums,
        {{gates + wide, 4}, {to.activated + wide, 4}, {to.cells + row, 1}, {to.hidden + row, 1}});
    const T* before = t ? to.cells + (t - 1) * NH : start.cell;
    for (long n = 0; n < d.N; n++)
        for (long u = 0; u < units; u += Simd<T>::LANES) {
            const long at = n * H + u, at4 = wide + n * 4 * H + u;
            gate(sums + n * NR<T> + u, part, gates + at4, H, units - u,
                 start.peepholes ? start.peepholes + first + u : nullptr, before + first + at,
                 to.activated + at4, to.cells + row + at, to.hidden + row + at);
        }
    plan.pack_state(d, to.hidden + t * NH, H, first, units, plan.states[(t + 1) % 2]);
}

template <class T>
void fwd(const Recurrence& d, int threads, const T* gates, const LstmStart<T>& start,
         const LstmStates<T>& to, T* scratch) {
    const RecurrentPlan<T> plan(d, d.H, 4, scratch);
    std::fill(plan.states[0], plan.states[0] + 2 * plan.rows * d.H, T(0));
    plan.pack_state(d, start.hid, d.H, 0, d.H, plan.states[0]);
    plan.for_each_step(d, threads, 1 + d.T, [&](long step, long b, T* sums) {
        if (step) return block(d, plan, step - 1, b, gates, start, to, sums);
        const long first = b * NR<T>, units = std::min(NR<T>, d.H - first);
        for (int q = 0; q < 4; q++) {
            pack<NR<T>>(start.w + q * d.H + first, 1, 4 * d.H, units, d.H, plan.panel(b, q));
            pack_zeros<NR<T>>(units, d.H, plan.panel(b, q));
        }
    });
}

}  // namespace

template <class T>
void add_k02_fused_fwd(LstmKernels<T>& kernels) {
    kernels.fwd = fwd<T>;
    kernels.fwd_scratch = [](const Recurrence& d, int threads) {
        return RecurrentPlan<T>::elements(d, threads, d.H, 4);
    };
}

template void add_k02_fused_fwd(LstmKernels<float>&);
template void add_k02_fused_fwd(LstmKernels<double>&);

}  // namespace mt::MT_ISA
