// Long short-term memory, rung 2, backward: one walk back, a product and the gates in a task.
//
// Idea      What reaches the hidden state of some units from the step after it is a product with
//           the turned weights, packed once; right behind it, the task has all that the gates of
//           these units need.
// Changed   As in the forward.
// Requires  Nothing.
// Launch    A task per block of units: for the weights, for each step, and for the start.
// Reading   gate, block; lstm_back in minitorch/ops has the formulas.
#include "cpu/lstm/rungs.hpp"
#include "cpu/recurrent.hpp"

namespace mt::MT_ISA {
namespace {

// What gate() reads and writes for neighbouring units of one sequence, H apart where there are
// several.
template <class T>
struct Place {
    const T *g_hidden, *g_cell, *activated, *cell, *before, *peepholes;
    T *d_gates, *d_cell, *d_peepholes;
    long H, count;
};

template <class T>
inline void add_to(T* to, long count, Vector<T> v) {
    store_some(to, count, load_some(to, count) + v);
}

// `from_after` is what the next step tells this one's hidden state, `last` whether there is none.
template <class T>
inline void gate(const Place<T>& at, Vector<T> from_after, bool last) {
    const long H = at.H, count = at.count;
    auto get = [&](const T* from) { return load_some(from, count); };
    const T* a = at.activated;
    const Vector<T> i = get(a), f = get(a + H), g = get(a + 2 * H), o = get(a + 3 * H);
    const Vector<T> cell = get(at.cell), before = get(at.before), shown = vtanh<T>(cell);
    const Vector<T> dh = get(at.g_hidden) + from_after;
    const Vector<T> read = dh * shown * (o * (T(1) - o));
    Vector<T> dc = get(at.g_cell) + dh * o * (T(1) - shown * shown);
    if (!last) dc += get(at.d_cell);
    if (at.peepholes) dc += read * get(at.peepholes + 2 * H);
    const Vector<T> write = dc * g * (i * (T(1) - i)), keep = dc * before * (f * (T(1) - f));
    const Vector<T> made = dc * i * (T(1) - g * g);
    store_some(at.d_gates, count, write), store_some(at.d_gates + H, count, keep);
    store_some(at.d_gates + 2 * H, count, made), store_some(at.d_gates + 3 * H, count, read);
    dc *= f;
    if (at.peepholes) {
        dc += write * get(at.peepholes) + keep * get(at.peepholes + H);
        add_to(at.d_peepholes, count, write * before);
        add_to(at.d_peepholes + H, count, keep * before);
        add_to(at.d_peepholes + 2 * H, count, read * cell);
    }
    store_some(at.d_cell, count, dc);
}

template <class T>
void block(const Recurrence& d, const RecurrentPlan<T>& plan, long t, long b,
           const LstmStates<const T>& was, const LstmStart<T>& start, const LstmGradients<T>& g,
           T* sums) {
    constexpr long LANES = Simd<T>::LANES;
    const long H = d.H, NH = d.N * H, first = b * NR<T>, units = std::min(NR<T>, H - first);
    const bool last = t == d.T - 1;
    const T* before = t ? was.cells + (t - 1) * NH : start.cell;
    if (!last)
        plan.multiply(d, plan.states[(t + 1) % 2], b, sums,
                      {{was.activated + t * 4 * NH + first, 4},
                       {g.d_gates + t * 4 * NH + first, 4},
                       {g.hidden + t * NH + first, 1},
                       {g.cells + t * NH + first, 1},
                       {before + first, 1}});
    for (long n = 0; n < d.N; n++)
        for (long u = first; u < first + units; u += LANES) {
            const long at = n * H + u, row = t * NH + at, wide = (t * d.N + n) * 4 * H + u;
            const Place<T> place{g.hidden + row,
                                 g.cells + row,
                                 was.activated + wide,
                                 was.cells + row,
                                 before + at,
                                 start.peepholes ? start.peepholes + u : nullptr,
                                 g.d_gates + wide,
                                 g.d_cell + at,
                                 g.d_peepholes ? g.d_peepholes + u : nullptr,
                                 H,
                                 first + units - u};
            gate(place, last ? Vector<T>{} : load(sums + n * NR<T> + u - first), last);
        }
    for (int q = 0; q < 4; q++)
        plan.pack_state(d, g.d_gates + t * 4 * NH, 4 * H, q * H + first, units, plan.states[t % 2]);
}

template <class T>
void bwd(const Recurrence& d, int threads, const LstmStates<const T>& was,
         const LstmStart<T>& start, const LstmGradients<T>& g, T* scratch) {
    const RecurrentPlan<T> plan(d, 4 * d.H, 1, scratch);
    std::fill(plan.states[0], plan.states[0] + 2 * plan.rows * plan.steps, T(0));
    if (g.d_peepholes) std::fill(g.d_peepholes, g.d_peepholes + 3 * d.H, T(0));
    plan.for_each_step(d, threads, d.T + 2, [&](long step, long b, T* sums) {
        const long first = b * NR<T>, units = std::min(NR<T>, d.H - first);
        if (step == 0) {
            pack<NR<T>>(start.w + first * 4 * d.H, 4 * d.H, 1, units, 4 * d.H, plan.panel(b, 0));
            pack_zeros<NR<T>>(units, 4 * d.H, plan.panel(b, 0));
        } else if (step <= d.T) {
            block(d, plan, d.T - step, b, was, start, g, sums);
        } else {
            plan.multiply(d, plan.states[0], b, sums);
            for (long n = 0; n < d.N; n++)
                std::copy(sums + n * NR<T>, sums + n * NR<T> + units, g.d_hid + n * d.H + first);
        }
    });
}

}  // namespace

template <class T>
void add_k02_fused_bwd(LstmKernels<T>& kernels) {
    kernels.bwd = bwd<T>;
    kernels.bwd_scratch = [](const Recurrence& d, int threads) {
        return RecurrentPlan<T>::elements(d, threads, 4 * d.H, 1);
    };
}

template void add_k02_fused_bwd(LstmKernels<float>&);
template void add_k02_fused_bwd(LstmKernels<double>&);

}  // namespace mt::MT_ISA
