// Convolution, rung 5: a plane at a time, for filters that see one channel.
//
// Idea      With one channel a filter there is nothing for a product of matrices to reuse, but a
//           plane with its zeros around it fits the first-level cache: there all taps of some
//           vectors of positions are added up in registers, without a test for the borders.
// Changed   From the rows of rung 2: a result is written once, not once for each tap.
// Requires  One channel a group; any number of filters on it.
// Launch    fwd: a task per (image, filter); dgrad: per (image, channel); wgrad: per filter.
// Reading   Plane and correlate in k05_depthwise.hpp, then fwd.
#include "cpu/conv2d/k05_depthwise.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long TAPS = 6;  // of the filters' gradient that are added up side by side

// sums[COUNT] += dy times what COUNT taps see, lane by lane; rows of dy end in zeros.
template <int COUNT, class T>
inline void add_products(const Conv2d& d, const T* plane, long row, const T* dy, long dy_row,
                         const long* offsets, T* sums) {
    constexpr long LANES = Simd<T>::LANES;
    Vector<T> sum[COUNT];
    const T* from[COUNT];
    for (long t = 0; t < COUNT; t++) sum[t] = load(sums + t * LANES), from[t] = plane + offsets[t];
    for (long p = 0; p < d.P; p++, dy += dy_row) {
        for (long q = 0; q < d.Q; q += LANES) {
            const Vector<T> g = load(dy + q);
#pragma GCC unroll 6
            for (long t = 0; t < COUNT; t++) sum[t] += g * load(from[t] + q);
        }
        for (long t = 0; t < COUNT; t++) from[t] += row;
    }
    for (long t = 0; t < COUNT; t++) store(sums + t * LANES, sum[t]);
}

template <class T>
PlaneScratch<T> fwd_scratch(const Conv2d& d, int threads, T* base) {
    return {Plane(d), 1, d.R * d.S, 0, threads, base};
}

template <class T>
void fwd(const Conv2d& d, int threads, const T* x, const T* w, const T* b, T* y, T* base) {
    const Plane plane(d);
    const PlaneScratch<T> scratch = fwd_scratch(d, threads, base);
    fill_offsets(d, plane, scratch.offsets);
    parallel_for(d.N * d.K, threads, [&](long task, int worker) {
        const long n = task / d.K, k = task % d.K;
        T* framed = scratch.planes + worker * scratch.room;
        plane.fill(x + (n * d.C + k / d.filters()) * d.H * d.W, framed);
        correlate(d.P, d.Q, framed, d.stride_h * plane.W, d.R * d.S, scratch.offsets,
                  w + k * d.R * d.S, b ? b[k] : T(0), y + task * d.positions());
        rectify(d, y + task * d.positions(), d.positions());
    });
}

template <class T>
PlaneScratch<T> wgrad_scratch(const Conv2d& d, int threads, T* base) {
    return {Plane(d), 1, d.R * d.S, d.P * round_up(d.Q, Simd<T>::LANES), threads, base};
}

template <class T>
void wgrad(const Conv2d& d, int threads, const T* x, const T* dy, T* dw, T* base) {
    constexpr long LANES = Simd<T>::LANES;
    const Plane plane(d);
    const PlaneScratch<T> scratch = wgrad_scratch(d, threads, base);
    const long taps = d.R * d.S, row = d.stride_h * plane.W, dy_row = round_up(d.Q, LANES);
    fill_offsets(d, plane, scratch.offsets);
    parallel_for(d.K, threads, [&](long k, int worker) {
        T* framed = scratch.planes + worker * scratch.room;
        T* given = scratch.others + worker * scratch.other;
        T* sums = scratch.weights + worker * scratch.weight_room;
        std::fill_n(sums, taps * LANES, T(0));
        std::fill_n(given, d.P * dy_row, T(0));
        for (long n = 0; n < d.N; n++) {
            plane.fill(x + (n * d.C + k / d.filters()) * d.H * d.W, framed);
            const T* from = dy + (n * d.K + k) * d.positions();
            for (long p = 0; p < d.P; p++)
                std::copy(from + p * d.Q, from + (p + 1) * d.Q, given + p * dy_row);
            for (long t = 0, take; t < taps; t += take) {
                take = taps - t >= TAPS ? TAPS : taps - t >= 3 ? 3 : 1;
                const long* offsets = scratch.offsets + t;
                if (take == TAPS)
                    add_products<TAPS>(d, framed, row, given, dy_row, offsets, sums + t * LANES);
                else if (take == 3)
                    add_products<3>(d, framed, row, given, dy_row, offsets, sums + t * LANES);
                else
                    add_products<1>(d, framed, row, given, dy_row, offsets, sums + t * LANES);
            }
        }
        for (long t = 0; t < taps; t++) {
            dw[k * taps + t] = 0;
            for (long i = 0; i < LANES; i++) dw[k * taps + t] += sums[t * LANES + i];
        }
    });
}

}  // namespace

template <class T>
void add_k05_depthwise_fwd(Conv2dKernels<T>& kernels) {
    kernels.fwd = fwd<T>, kernels.wgrad = wgrad<T>;
    kernels.fwd_scratch = [](const Conv2d& d, int threads) {
        return fwd_scratch<T>(d, threads, nullptr).pieces.elements();
    };
    kernels.wgrad_scratch = [](const Conv2d& d, int threads) {
        return wgrad_scratch<T>(d, threads, nullptr).pieces.elements();
    };
}

template void add_k05_depthwise_fwd(Conv2dKernels<float>&);
template void add_k05_depthwise_fwd(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
