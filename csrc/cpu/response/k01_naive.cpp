// Local response normalisation, rung 1: the definition.
//
// Idea      Each element sums the squares around it; a gradient computes all its sums anew.
// Changed   Nothing, this is the ground.
// Requires  Nothing.
// Launch    One thread.
// Reading   response.hpp has the formulas.
#include <cmath>

#include "cpu/response/rungs.hpp"

namespace mt::MT_ISA {
namespace {

template <class T>
T scale(const Response<T>& d, const T* x, long c) {
    T sum = 0;
    for (long j = Around(d, c).begin; j < Around(d, c).end; j++)
        sum += x[j * d.inner] * x[j * d.inner];
    return sum * static_cast<T>(d.alpha) + static_cast<T>(d.k);
}

// body(place of channel 0, channel) for all elements.
template <class T, class Body>
void each(const Response<T>& d, const Body& body) {
    for (long n = 0; n < d.outer; n++)
        for (long c = 0; c < d.channels; c++)
            for (long i = 0; i < d.inner; i++) body(n * d.channels * d.inner + i, c);
}

template <class T>
void fwd(const Response<T>& d, int) {
    each(d, [&](long at, long c) {
        const T* x = d.x + at;
        d.y[at + c * d.inner] = x[c * d.inner] * std::pow(scale(d, x, c), T(-d.beta));
    });
}

template <class T>
void back(const Response<T>& d, int) {
    each(d, [&](long at, long c) {
        const T *x = d.x + at, *g = d.g + at;
        T sum = 0;
        for (long j = Around(d, c).begin; j < Around(d, c).end; j++) {
            const T s = scale(d, x, j);
            sum += g[j * d.inner] * std::pow(s, T(-d.beta)) * x[j * d.inner] / s;
        }
        d.y[at + c * d.inner] = g[c * d.inner] * std::pow(scale(d, x, c), T(-d.beta)) -
                                x[c * d.inner] * sum * T(2 * d.alpha * d.beta);
    });
}

}  // namespace

template <class T>
ResponseKernels<T> response_k01_naive() {
    return {fwd<T>, back<T>};
}

template ResponseKernels<float> response_k01_naive<float>();
template ResponseKernels<double> response_k01_naive<double>();

}  // namespace mt::MT_ISA
