// Gated recurrent units, rung 1: the definition.
//
// Idea      Step by step and unit by unit, the three sums, then the gates; back in the same way.
// Changed   The ground floor.
// Requires  Nothing.
// Launch    Everything on the calling thread.
// Reading   fwd, bwd; gru.hpp has the formulas.
#include <cmath>

#include "cpu/gru/rungs.hpp"

namespace mt::MT_ISA {
namespace {

template <class T>
T sigmoid(T x) {
    const T e = std::exp(-std::abs(x));
    return (x < 0 ? e : T(1)) / (1 + e);
}

template <class T>
void fwd(const Recurrence& d, int, const T* gates, const T* w, const T* hid, const GruStates<T>& to,
         T*) {
    const long H = d.H, NH = d.N * H;
    for (long t = 0; t < d.T; t++)
        for (long at = 0; at < NH; at++) {
            const long n = at / H, unit = at % H;
            const T* before = t ? to.hidden + (t - 1) * NH : hid;
            const T* x = gates + (t * d.N + n) * 3 * H + unit;
            T s[3] = {};
            for (int q = 0; q < 3; q++)
                for (long k = 0; k < H; k++) s[q] += before[n * H + k] * w[(k * 3 + q) * H + unit];
            const T r = sigmoid(x[0] + s[0]), u = sigmoid(x[H] + s[1]);
            const T value = std::tanh(x[2 * H] + r * s[2]), values[4] = {r, u, value, s[2]};
            for (int q = 0; q < 4; q++)
                to.activated[(t * d.N + n) * 4 * H + q * H + unit] = values[q];
            to.hidden[t * NH + at] = (1 - u) * before[at] + u * value;
        }
}

// d_hid += what the sums of step t tell the state before it.
template <class T>
void back_through_weights(const Recurrence& d, const T* d_state, const T* w, T* d_hid) {
    for (long at = 0; at < d.N * d.H; at++)
        for (long k = 0; k < 3 * d.H; k++)
            d_hid[at] += d_state[at / d.H * 3 * d.H + k] * w[at % d.H * 3 * d.H + k];
}

template <class T>
void bwd(const Recurrence& d, int, const GruStates<const T>& was, const T* w, const T* hid,
         const GruGradients<T>& g, T*) {
    const long H = d.H, NH = d.N * H;
    for (long at = 0; at < NH; at++) g.d_hid[at] = 0;
    for (long t = d.T - 1; t >= 0; t--) {
        for (long at = 0; at < NH; at++) {
            const long row = t * d.N + at / H, unit = at % H;
            const T* a = was.activated + row * 4 * H + unit;
            const T r = a[0], u = a[H], value = a[2 * H],
                    before = t ? was.hidden[(t - 1) * NH + at] : hid[at];
            const T dh = g.d_hid[at] + g.hidden[t * NH + at];
            const T update = dh * (value - before) * u * (1 - u);
            const T made = dh * u * (1 - value * value), reset = made * a[3 * H] * r * (1 - r);
            const T x[3] = {reset, update, made}, s[3] = {reset, update, made * r};
            for (int q = 0; q < 3; q++) {
                g.d_gates[row * 3 * H + q * H + unit] = x[q];
                g.d_state[row * 3 * H + q * H + unit] = s[q];
            }
            g.d_hid[at] = dh * (1 - u);
        }
        back_through_weights(d, g.d_state + t * 3 * NH, w, g.d_hid);
    }
}

std::size_t none(const Recurrence&, int) {
    return 0;
}

}  // namespace

template <class T>
GruKernels<T> gru_k01_naive() {
    return {fwd<T>, bwd<T>, none, none};
}

template GruKernels<float> gru_k01_naive();
template GruKernels<double> gru_k01_naive();

}  // namespace mt::MT_ISA
