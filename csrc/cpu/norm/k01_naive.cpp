// Batch normalisation, rung 1: the definition.
//
// Idea      One channel after the other: its sums, then its elements.
// Changed   Nothing, this is the ground.
// Requires  Nothing.
// Launch    One thread.
// Reading   norm.hpp has the formulas; `back` is they to the letter.
#include <cmath>

#include "cpu/norm/rungs.hpp"

namespace mt::MT_ISA {
namespace {

// body(i) for the elements of channel c.
template <class Body>
void each(const Norm& d, long c, const Body& body) {
    for (long n = 0; n < d.outer; n++)
        for (long i = 0; i < d.inner; i++) body((n * d.channels + c) * d.inner + i);
}

template <class T>
void fwd(const Norm& d, int, const T* x, const T* gamma, const T* beta, const T* add, T* y, T* mean,
         T* inv_std) {
    const double m = static_cast<double>(d.outer * d.inner);
    for (long c = 0; c < d.channels; c++) {
        double sum = 0, squares = 0;
        each(d, c, [&](long i) { sum += x[i]; });
        mean[c] = static_cast<T>(sum / m);
        each(d, c, [&](long i) {
            double away = x[i] - mean[c];
            squares += away * away;
        });
        inv_std[c] = static_cast<T>(1 / std::sqrt(squares / m + d.epsilon));
        T scale = inv_std[c] * (gamma ? gamma[c] : 1);
        each(d, c, [&](long i) {
            T v = (x[i] - mean[c]) * scale + (beta ? beta[c] : 0) + (add ? add[i] : 0);
            y[i] = d.relu && v < 0 ? T(0) : v;  // a NaN is kept
        });
    }
}

template <class T>
void back(const Norm& d, int, const NormInputs<T>& in, T* dx, T* dgamma, T* dbeta) {
    const double m = static_cast<double>(d.outer * d.inner);
    for (long c = 0; c < d.channels; c++) {
        const double mean = in.mean[c], s = in.inv_std[c], gamma = in.gamma ? in.gamma[c] : 1;
        double along = 0, total = 0;
        each(d, c, [&](long i) {
            along += in.g[i] * ((in.x[i] - mean) * s);
            total += in.g[i];
        });
        if (dgamma) dgamma[c] = static_cast<T>(along);
        if (dbeta) dbeta[c] = static_cast<T>(total);
        if (!dx) continue;
        double g_mean = in.g_mean ? in.g_mean[c] : 0, g_inv = in.g_inv_std ? in.g_inv_std[c] : 0;
        each(d, c, [&](long i) {
            double n = (in.x[i] - mean) * s;
            dx[i] = static_cast<T>(gamma * s * (in.g[i] - total / m - n * along / m) +
                                   (g_mean - n * s * s * g_inv) / m);
        });
    }
}

}  // namespace

template <class T>
NormKernels<T> norm_k01_naive() {
    return {fwd<T>, back<T>};
}

template NormKernels<float> norm_k01_naive<float>();
template NormKernels<double> norm_k01_naive<double>();

}  // namespace mt::MT_ISA
