// Gated recurrent units, rung 2: the gates where their sums are made.
//
// Idea      As in cpu/lstm/k02_fused_fwd.cpp: the weights are packed once; a task makes the sums
//           of some units in register tiles and their gates right behind, in vectors. Back, the
//           product with the turned weights, then the gates.
// Changed   Tiles and vectors; the units are shared among threads.
// Requires  Nothing.
// Launch    A task per block of units, for the weights and then for each step; back once more for
//           the start.
// Reading   cpu/recurrent.hpp; then fwd_gate and fwd_block, bwd_gate and bwd_block.
#include "cpu/gru/rungs.hpp"
#include "cpu/recurrent.hpp"

namespace mt::MT_ISA {
namespace {

// The gates of `count` neighbouring units of one sequence; parts in memory are H apart.
template <class T>
inline void fwd_gate(const T* sums, long part, const T* x, long H, long count, const T* before,
                     T* activated, T* hidden) {
    auto get = [&](const T* from) { return load_some(from, count); };
    const Vector<T> r = small_sigmoid<T>(get(x) + load(sums));
    const Vector<T> u = small_sigmoid<T>(get(x + H) + load(sums + part)), s = load(sums + 2 * part);
    const Vector<T> n = vtanh<T>(get(x + 2 * H) + r * s);
    store_some(activated, count, r), store_some(activated + H, count, u);
    store_some(activated + 2 * H, count, n), store_some(activated + 3 * H, count, s);
    store_some(hidden, count, (T(1) - u) * get(before) + u * n);
}

template <class T>
void fwd_block(const Recurrence& d, const RecurrentPlan<T>& plan, long t, long b, const T* gates,
               const T* hid, const GruStates<T>& to, T* sums) {
    const long H = d.H, NH = d.N * H, first = b * NR<T>, units = std::min(NR<T>, H - first);
    const long part = plan.rows * NR<T>;
    plan.multiply(d, plan.states[t % 2], b, sums,
                  {{gates + t * 3 * NH + first, 3},
                   {to.activated + t * 4 * NH + first, 4},
                   {to.hidden + t * NH + first, 1}});
    const T* before = t ? to.hidden + (t - 1) * NH : hid;
    for (long n = 0; n < d.N; n++)
        for (long u = 0; u < units; u += Simd<T>::LANES) {
            const long at = n * H + first + u, row = t * d.N + n;
            fwd_gate(sums + n * NR<T> + u, part, gates + row * 3 * H + first + u, H, units - u,
                     before + at, to.activated + row * 4 * H + first + u, to.hidden + t * NH + at);
        }
    plan.pack_state(d, to.hidden + t * NH, H, first, units, plan.states[(t + 1) % 2]);
}

template <class T>
void fwd(const Recurrence& d, int threads, const T* gates, const T* w, const T* hid,
         const GruStates<T>& to, T* scratch) {
    const RecurrentPlan<T> plan(d, d.H, 3, scratch);
    std::fill(plan.states[0], plan.states[0] + 2 * plan.rows * d.H, T(0));
    plan.pack_state(d, hid, d.H, 0, d.H, plan.states[0]);
    plan.for_each_step(d, threads, 1 + d.T, [&](long step, long b, T* sums) {
        if (step) return fwd_block(d, plan, step - 1, b, gates, hid, to, sums);
        const long first = b * NR<T>, units = std::min(NR<T>, d.H - first);
        for (int q = 0; q < 3; q++) {
            pack<NR<T>>(w + q * d.H + first, 1, 3 * d.H, units, d.H, plan.panel(b, q));
            pack_zeros<NR<T>>(units, d.H, plan.panel(b, q));
        }
    });
}

// `dh` is all that reaches the state; d_hid becomes the share that passes the update gate by.
template <class T>
inline void bwd_gate(Vector<T> dh, const T* a, const T* before, T* x, T* s, T* d_hid, long H,
                     long count) {
    auto get = [&](const T* from) { return load_some(from, count); };
    const Vector<T> r = get(a), u = get(a + H), n = get(a + 2 * H);
    const Vector<T> update = dh * (n - get(before)) * (u * (T(1) - u));
    const Vector<T> made = dh * u * (T(1) - n * n);
    const Vector<T> reset = made * get(a + 3 * H) * (r * (T(1) - r));
    store_some(x, count, reset), store_some(s, count, reset);
    store_some(x + H, count, update), store_some(s + H, count, update);
    store_some(x + 2 * H, count, made), store_some(s + 2 * H, count, made * r);
    store_some(d_hid, count, dh * (T(1) - u));
}

template <class T>
void bwd_block(const Recurrence& d, const RecurrentPlan<T>& plan, long t, long b,
               const GruStates<const T>& was, const T* hid, const GruGradients<T>& g, T* sums) {
    const long H = d.H, NH = d.N * H, first = b * NR<T>, units = std::min(NR<T>, H - first);
    const bool last = t == d.T - 1;
    const T* before = t ? was.hidden + (t - 1) * NH : hid;
    if (!last)
        plan.multiply(d, plan.states[(t + 1) % 2], b, sums,
                      {{was.activated + t * 4 * NH + first, 4},
                       {g.d_gates + t * 3 * NH + first, 3},
                       {g.d_state + t * 3 * NH + first, 3},
                       {g.hidden + t * NH + first, 1},
                       {before + first, 1}});
    for (long n = 0; n < d.N; n++)
        for (long u = 0; u < units; u += Simd<T>::LANES) {
            const long at = n * H + first + u, row = t * d.N + n, wide = row * 3 * H + first + u;
            Vector<T> dh = load_some(g.hidden + t * NH + at, units - u);
            if (!last) dh += load(sums + n * NR<T> + u) + load_some(g.d_hid + at, units - u);
            bwd_gate(dh, was.activated + row * 4 * H + first + u, before + at, g.d_gates + wide,
                     g.d_state + wide, g.d_hid + at, H, units - u);
        }
    for (int q = 0; q < 3; q++)
        plan.pack_state(d, g.d_state + t * 3 * NH, 3 * H, q * H + first, units, plan.states[t % 2]);
}

template <class T>
void bwd(const Recurrence& d, int threads, const GruStates<const T>& was, const T* w, const T* hid,
         const GruGradients<T>& g, T* scratch) {
    const RecurrentPlan<T> plan(d, 3 * d.H, 1, scratch);
    std::fill(plan.states[0], plan.states[0] + 2 * plan.rows * plan.steps, T(0));
    plan.for_each_step(d, threads, d.T + 2, [&](long step, long b, T* sums) {
        const long first = b * NR<T>, units = std::min(NR<T>, d.H - first);
        if (step == 0) {
            pack<NR<T>>(w + first * 3 * d.H, 3 * d.H, 1, units, 3 * d.H, plan.panel(b, 0));
            pack_zeros<NR<T>>(units, 3 * d.H, plan.panel(b, 0));
        } else if (step <= d.T) {
            bwd_block(d, plan, d.T - step, b, was, hid, g, sums);
        } else {
            plan.multiply(d, plan.states[0], b, sums);
            for (long n = 0; n < d.N; n++)
                for (long u = 0; u < units; u++)
                    g.d_hid[n * d.H + first + u] += sums[n * NR<T> + u];
        }
    });
}

}  // namespace

template <class T>
GruKernels<T> gru_k02_fused() {
    return {fwd<T>, bwd<T>,
            [](const Recurrence& d, int threads) {
                return RecurrentPlan<T>::elements(d, threads, d.H, 3);
            },
            [](const Recurrence& d, int threads) {
                return RecurrentPlan<T>::elements(d, threads, 3 * d.H, 1);
            }};
}

template GruKernels<float> gru_k02_fused();
template GruKernels<double> gru_k02_fused();

}  // namespace mt::MT_ISA
