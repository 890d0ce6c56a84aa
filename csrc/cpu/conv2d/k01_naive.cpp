// Convolution, rung 1: the definition.
//
// Idea      Seven loops over images, filters, positions, channels and taps: the formulas of
//           conv2d.hpp, read aloud.
// Changed   Nothing, this is the ground.
// Requires  Nothing.
// Launch    One thread.
// Reading   fwd; the gradients are the same loops with another array on the left.
#include "cpu/conv2d/rungs.hpp"

namespace mt::MT_ISA {
namespace {

// body(x's index, w's index, y's index) for every product of the convolution.
template <class Body>
void for_each_product(const Conv2d& d, const Body& body) {
    for (long n = 0; n < d.N; n++)
        for (long k = 0; k < d.K; k++)
            for (long p = 0; p < d.P; p++)
                for (long q = 0; q < d.Q; q++)
                    for (long c = 0; c < d.depth(); c++)
                        for (long r = 0; r < d.R; r++)
                            for (long s = 0; s < d.S; s++) {
                                long h = p * d.stride_h + r * d.dilation_h - d.pad_h;
                                long w = q * d.stride_w + s * d.dilation_w - d.pad_w;
                                if (h < 0 || h >= d.H || w < 0 || w >= d.W) continue;
                                long channel = k / d.filters() * d.depth() + c;
                                body(((n * d.C + channel) * d.H + h) * d.W + w,
                                     ((k * d.depth() + c) * d.R + r) * d.S + s,
                                     ((n * d.K + k) * d.P + p) * d.Q + q);
                            }
}

template <class T>
void fwd(const Conv2d& d, int, const T* x, const T* w, const T* b, T* y, T*) {
    for (long i = 0; i < d.N * d.K * d.P * d.Q; i++) y[i] = b ? b[i / (d.P * d.Q) % d.K] : T(0);
    for_each_product(d, [&](long i, long j, long o) { y[o] += x[i] * w[j]; });
    rectify(d, y, d.N * d.K * d.positions());
}

template <class T>
void dgrad(const Conv2d& d, int, const T* dy, const T* w, T* dx, T*) {
    for (long i = 0; i < d.N * d.C * d.H * d.W; i++) dx[i] = 0;
    for_each_product(d, [&](long i, long j, long o) { dx[i] += dy[o] * w[j]; });
}

template <class T>
void wgrad(const Conv2d& d, int, const T* x, const T* dy, T* dw, T*) {
    for (long j = 0; j < d.K * d.taps(); j++) dw[j] = 0;
    for_each_product(d, [&](long i, long j, long o) { dw[j] += dy[o] * x[i]; });
}

}  // namespace

template <class T>
Conv2dKernels<T> conv2d_k01_naive() {
    return {fwd<T>, dgrad<T>, wgrad<T>, no_scratch, no_scratch, no_scratch};
}

template Conv2dKernels<float> conv2d_k01_naive();
template Conv2dKernels<double> conv2d_k01_naive();

}  // namespace mt::MT_ISA
