// Convolution, rung 2: a row at a time.
//
// Idea      For one tap, a whole row of the result is a row of the image times one number. So the
//           taps go outside and the row inside, where neighbours in memory meet neighbours:
//           the compiler makes vector instructions of it, and nothing is tested inside.
// Changed   The order of the loops; which positions of a row see the image is worked out before
//           it; planes of the result are shared among threads.
// Requires  Nothing.
// Launch    fwd: a task per (image, filter); dgrad: per (image, channel); wgrad: per (filter,
//           channel). No two tasks write to the same place.
// Reading   for_each_row, then fwd.
#include "common/parallel.hpp"
#include "cpu/conv2d/rungs.hpp"

namespace mt::MT_ISA {
namespace {

// A tap at one row of positions: positions [begin, end) see x[row, offset + q stride_w].
struct Row {
    long p, tap, begin, end;
    long image;  // index in the plane of the element that position 0 would see
};

// body(row) for all taps and all rows of positions of one (image, filter, channel).
template <class Body>
inline void for_each_row(const Conv2d& d, const Body& body) {
    for (long r = 0; r < d.R; r++)
        for (long s = 0; s < d.S; s++) {
            long shift = s * d.dilation_w - d.pad_w;
            long begin = shift < 0 ? (-shift + d.stride_w - 1) / d.stride_w : 0;
            long end = d.W > shift ? (d.W - shift - 1) / d.stride_w + 1 : 0;
            if (end > d.Q) end = d.Q;
            if (begin >= end) continue;
            for (long p = 0; p < d.P; p++) {
                long h = p * d.stride_h + r * d.dilation_h - d.pad_h;
                if (h >= 0 && h < d.H) body(Row{p, r * d.S + s, begin, end, h * d.W + shift});
            }
        }
}

template <class T>
void fwd(const Conv2d& d, int threads, const T* x, const T* w, const T* b, T* y, T*) {
    parallel_for(d.N * d.K, threads, [&](long task, int) {
        long n = task / d.K, k = task % d.K, first = k / d.filters() * d.depth();
        T* out = y + task * d.P * d.Q;
        for (long i = 0; i < d.P * d.Q; i++) out[i] = b ? b[k] : T(0);
        for (long c = 0; c < d.depth(); c++) {
            const T* plane = x + (n * d.C + first + c) * d.H * d.W;
            const T* taps = w + (k * d.depth() + c) * d.R * d.S;
            for_each_row(d, [&](const Row& row) {
                const T* __restrict from = plane + row.image;
                T* __restrict to = out + row.p * d.Q;
                const T tap = taps[row.tap];
                if (d.stride_w == 1)
                    for (long q = row.begin; q < row.end; q++) to[q] += tap * from[q];
                else
                    for (long q = row.begin; q < row.end; q++) to[q] += tap * from[q * d.stride_w];
            });
        }
        rectify(d, out, d.positions());
    });
}

template <class T>
void dgrad(const Conv2d& d, int threads, const T* dy, const T* w, T* dx, T*) {
    parallel_for(d.N * d.C, threads, [&](long task, int) {
        long n = task / d.C, channel = task % d.C, c = channel % d.depth();
        long first = channel / d.depth() * d.filters();
        T* out = dx + task * d.H * d.W;
        for (long i = 0; i < d.H * d.W; i++) out[i] = 0;
        for (long k = first; k < first + d.filters(); k++) {
            const T* plane = dy + (n * d.K + k) * d.P * d.Q;
            const T* taps = w + (k * d.depth() + c) * d.R * d.S;
            for_each_row(d, [&](const Row& row) {
                const T* __restrict from = plane + row.p * d.Q;
                T* __restrict to = out + row.image;
                const T tap = taps[row.tap];
                if (d.stride_w == 1)
                    for (long q = row.begin; q < row.end; q++) to[q] += tap * from[q];
                else
                    for (long q = row.begin; q < row.end; q++) to[q * d.stride_w] += tap * from[q];
            });
        }
    });
}

template <class T>
void wgrad(const Conv2d& d, int threads, const T* x, const T* dy, T* dw, T*) {
    parallel_for(d.K * d.depth(), threads, [&](long task, int) {
        long k = task / d.depth(), c = task % d.depth(), first = k / d.filters() * d.depth();
        T* taps = dw + task * d.R * d.S;
        for (long i = 0; i < d.R * d.S; i++) taps[i] = 0;
        for (long n = 0; n < d.N; n++) {
            const T* image = x + (n * d.C + first + c) * d.H * d.W;
            const T* plane = dy + (n * d.K + k) * d.P * d.Q;
            for_each_row(d, [&](const Row& row) {
                const T *from = image + row.image, *with = plane + row.p * d.Q;
                T sum = 0;
                if (d.stride_w == 1)
#pragma omp simd reduction(+ : sum)
                    for (long q = row.begin; q < row.end; q++) sum += from[q] * with[q];
                else
#pragma omp simd reduction(+ : sum)
                    for (long q = row.begin; q < row.end; q++)
                        sum += from[q * d.stride_w] * with[q];
                taps[row.tap] += sum;
            });
        }
    });
}

}  // namespace

template <class T>
Conv2dKernels<T> conv2d_k02_rows() {
    return {fwd<T>, dgrad<T>, wgrad<T>, no_scratch, no_scratch, no_scratch};
}

template Conv2dKernels<float> conv2d_k02_rows();
template Conv2dKernels<double> conv2d_k02_rows();

}  // namespace mt::MT_ISA
