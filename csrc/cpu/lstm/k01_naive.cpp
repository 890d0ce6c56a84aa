// Long short-term memory, rung 1: the definition.
//
// Idea      Step by step and unit by unit, the four sums, then the gates; back in the same way.
// Changed   The ground floor.
// Requires  Nothing.
// Launch    Everything on the calling thread.
// Reading   fwd, bwd; lstm.hpp has the formulas.
#include <cmath>

#include "cpu/lstm/rungs.hpp"

namespace mt::MT_ISA {
namespace {

template <class T>
T sigmoid(T x) {
    const T e = std::exp(-std::abs(x));
    return (x < 0 ? e : T(1)) / (1 + e);
}

template <class T>
void fwd(const Recurrence& d, int, const T* gates, const LstmStart<T>& start,
         const LstmStates<T>& to, T*) {
    const long H = d.H, NH = d.N * H;
    for (long t = 0; t < d.T; t++)
        for (long at = 0; at < NH; at++) {
            const long n = at / H, u = at % H, row = (t * d.N + n) * 4 * H;
            const T* h = (t ? to.hidden + (t - 1) * NH : start.hid) + n * H;
            const T before = t ? to.cells[(t - 1) * NH + at] : start.cell[at];
            T z[4];
            for (int q = 0; q < 4; q++) {
                z[q] = gates[row + q * H + u];
                for (long k = 0; k < H; k++) z[q] += h[k] * start.w[(k * 4 + q) * H + u];
            }
            const T* p = start.peepholes;
            const T i = sigmoid(z[0] + (p ? before * p[u] : 0));
            const T f = sigmoid(z[1] + (p ? before * p[H + u] : 0)), g = std::tanh(z[2]);
            const T cell = f * before + i * g, o = sigmoid(z[3] + (p ? cell * p[2 * H + u] : 0));
            const T values[4] = {i, f, g, o};
            for (int q = 0; q < 4; q++) to.activated[row + q * H + u] = values[q];
            to.cells[t * NH + at] = cell;
            to.hidden[t * NH + at] = o * std::tanh(cell);
        }
}

// d_hid = what step t + 1 tells the hidden state before it.
template <class T>
void back_through_weights(const Recurrence& d, const T* d_gates, const T* w, T* d_hid) {
    for (long at = 0; at < d.N * d.H; at++) {
        const long n = at / d.H, u = at % d.H;
        d_hid[at] = 0;
        for (long k = 0; k < 4 * d.H; k++)
            d_hid[at] += d_gates[n * 4 * d.H + k] * w[u * 4 * d.H + k];
    }
}

template <class T>
void bwd(const Recurrence& d, int, const LstmStates<const T>& was, const LstmStart<T>& start,
         const LstmGradients<T>& g, T*) {
    const long H = d.H, NH = d.N * H;
    const T* p = start.peepholes;
    for (long at = 0; at < NH; at++) g.d_hid[at] = g.d_cell[at] = 0;
    for (long u = 0; g.d_peepholes && u < 3 * H; u++) g.d_peepholes[u] = 0;
    for (long t = d.T - 1; t >= 0; t--) {
        for (long at = 0; at < NH; at++) {
            const long u = at % H, row = (t * d.N + at / H) * 4 * H + u;
            const T* a = was.activated + row;
            const T i = a[0], f = a[H], value = a[2 * H], o = a[3 * H];
            const T cell = was.cells[t * NH + at], shown = std::tanh(cell);
            const T before = t ? was.cells[(t - 1) * NH + at] : start.cell[at];
            const T dh = g.hidden[t * NH + at] + g.d_hid[at];
            const T read = dh * shown * o * (1 - o);
            T dc = g.cells[t * NH + at] + g.d_cell[at] + dh * o * (1 - shown * shown);
            if (p) dc += read * p[2 * H + u];
            const T write = dc * value * i * (1 - i), keep = dc * before * f * (1 - f);
            const T values[4] = {write, keep, dc * i * (1 - value * value), read};
            for (int q = 0; q < 4; q++) g.d_gates[row + q * H] = values[q];
            g.d_cell[at] = dc * f + (p ? write * p[u] + keep * p[H + u] : 0);
            if (!p) continue;
            g.d_peepholes[u] += write * before, g.d_peepholes[H + u] += keep * before;
            g.d_peepholes[2 * H + u] += read * cell;
        }
        back_through_weights(d, g.d_gates + t * 4 * NH, start.w, g.d_hid);
    }
}

std::size_t none(const Recurrence&, int) {
    return 0;
}

}  // namespace

template <class T>
LstmKernels<T> lstm_k01_naive() {
    return {fwd<T>, bwd<T>, none, none};
}

template LstmKernels<float> lstm_k01_naive();
template LstmKernels<double> lstm_k01_naive();

}  // namespace mt::MT_ISA
