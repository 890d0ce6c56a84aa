// Sum and average pooling, rung 1: the definition.
//
// Idea      Loops over planes, windows and places, and a test whether a place is in the image.
// Changed   Nothing, this is the ground.
// Requires  Nothing.
// Launch    One thread.
// Reading   The comment in pool_sum.hpp.
#include "cpu/pool_sum/rungs.hpp"

namespace mt::MT_ISA {
namespace {

// body(window's place in y, place in x) for every element of every window.
template <class Body>
void each(const Pool2d& d, const Body& body) {
    for (long n = 0, i = 0; n < d.N; n++)
        for (long p = 0; p < d.P; p++)
            for (long q = 0; q < d.Q; q++, i++)
                for (long r = 0; r < d.R; r++)
                    for (long s = 0; s < d.S; s++) {
                        long h = p * d.stride_h + r - d.pad_h, w = q * d.stride_w + s - d.pad_w;
                        if (h >= 0 && h < d.H && w >= 0 && w < d.W)
                            body(i, (n * d.H + h) * d.W + w);
                    }
}

template <class T>
T elements(const PoolSum& d, long i) {
    long q = i % d.at.Q, p = i / d.at.Q % d.at.P;
    return static_cast<T>(d.rows(p) * d.columns(q));
}

template <class T>
void sum(const PoolSum& d, int, const T* x, T* y) {
    const long windows = d.at.N * d.at.P * d.at.Q;
    for (long i = 0; i < windows; i++) y[i] = 0;
    each(d.at, [&](long i, long j) { y[i] += x[j]; });
    for (long i = 0; i < windows; i++) y[i] /= elements<T>(d, i);
}

template <class T>
void unsum(const PoolSum& d, int, const T* y, T* x) {
    for (long j = 0; j < d.at.N * d.at.H * d.at.W; j++) x[j] = 0;
    each(d.at, [&](long i, long j) { x[j] += y[i] / elements<T>(d, i); });
}

}  // namespace

template <class T>
PoolSumKernels<T> pool_sum_k01_naive() {
    return {sum<T>, unsum<T>};
}

template PoolSumKernels<float> pool_sum_k01_naive<float>();
template PoolSumKernels<double> pool_sum_k01_naive<double>();

}  // namespace mt::MT_ISA
