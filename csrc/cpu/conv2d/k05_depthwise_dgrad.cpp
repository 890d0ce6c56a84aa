// Convolution, rung 5, input gradient: with stride 1 a forward convolution, else a sum in the
// cache.
//
// Idea      With stride 1 dx is the convolution of dy's planes with the filters turned round. With
//           a stride a plane of dx, its columns kept apart as the taps see them, is added to in
//           the first-level cache and put in order once.
// Changed   As in the forward.
// Requires  One channel a group; any number of filters on it.
// Launch    A task per (image, channel).
// Reading   dgrad.
#include "cpu/conv2d/k05_depthwise.hpp"

namespace mt::MT_ISA {
namespace {

// dx as the forward convolution of dy, for stride 1.
Conv2d turned(const Conv2d& d) {
    Conv2d t = d;
    t.H = d.P, t.W = d.Q, t.P = d.H, t.Q = d.W;
    t.pad_h = (d.R - 1) * d.dilation_h - d.pad_h;
    t.pad_w = (d.S - 1) * d.dilation_w - d.pad_w;
    return t;
}

bool plain(const Conv2d& d) {
    return d.stride_h == 1 && d.stride_w == 1;
}

template <class T>
PlaneScratch<T> dgrad_scratch(const Conv2d& d, int threads, T* base) {
    const long taps = d.filters() * d.R * d.S;
    if (plain(d)) return {Plane(turned(d)), d.filters(), taps, 0, threads, base};
    return {Plane(d), 1, taps, 0, threads, base};
}

template <class T>
void by_forward(const Conv2d& d, int threads, const T* dy, const T* w, T* dx, T* base) {
    const PlaneScratch<T> scratch = dgrad_scratch(d, threads, base);
    const Conv2d t = turned(d);
    const Plane plane(t);
    const long filters = d.filters(), taps = d.R * d.S, room = plane.room<T>();
    for (long k = 0; k < filters; k++) {
        fill_offsets(t, plane, scratch.offsets + k * taps);
        for (long i = 0; i < taps; i++) scratch.offsets[k * taps + i] += k * room;
    }
    parallel_for(d.N * d.C, threads, [&](long task, int worker) {
        const long n = task / d.C, first = task % d.C * filters;
        T* framed = scratch.planes + worker * scratch.room;
        T* weights = scratch.weights + worker * scratch.weight_room;
        for (long k = 0; k < filters; k++) {
            plane.fill(dy + (n * d.K + first + k) * d.positions(), framed + k * room);
            for (long i = 0; i < taps; i++)
                weights[k * taps + i] = w[(first + k + 1) * taps - 1 - i];
        }
        correlate(d.H, d.W, framed, plane.W, filters * taps, scratch.offsets, weights, T(0),
                  dx + task * d.H * d.W);
    });
}

template <class T>
void dgrad(const Conv2d& d, int threads, const T* dy, const T* w, T* dx, T* base) {
    if (plain(d)) return by_forward(d, threads, dy, w, dx, base);
    const PlaneScratch<T> scratch = dgrad_scratch(d, threads, base);
    const Plane plane(d);
    const long taps = d.R * d.S;
    fill_offsets(d, plane, scratch.offsets);
    parallel_for(d.N * d.C, threads, [&](long task, int worker) {
        const long n = task / d.C, first = task % d.C * d.filters();
        T* sums = scratch.planes + worker * scratch.room;
        std::fill_n(sums, plane.room<T>(), T(0));
        for (long k = first; k < first + d.filters(); k++)
            for (long p = 0; p < d.P; p++)
                for (long t = 0; t < taps; t++) {
                    const T weight = w[k * taps + t];
                    const T* __restrict from = dy + (n * d.K + k) * d.positions() + p * d.Q;
                    T* __restrict to = sums + p * d.stride_h * plane.W + scratch.offsets[t];
                    for (long q = 0; q < d.Q; q++) to[q] += weight * from[q];
                }
        plane.take_out(sums, dx + task * d.H * d.W);
    });
}

}  // namespace

template <class T>
void add_k05_depthwise_dgrad(Conv2dKernels<T>& kernels) {
    kernels.dgrad = dgrad<T>;
    kernels.dgrad_scratch = [](const Conv2d& d, int threads) {
        return dgrad_scratch<T>(d, threads, nullptr).pieces.elements();
    };
}

template void add_k05_depthwise_dgrad(Conv2dKernels<float>&);
template void add_k05_depthwise_dgrad(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
