// What the directions of the depthwise convolution share: framed planes, and sums over taps.
#pragma once

#include "cpu/conv2d/k03_packed.hpp"

namespace mt::MT_ISA {

constexpr long TOGETHER = 4;  // vectors of a row that are added up side by side

// A plane that is read with a window: zeros where it has no pixels, and only as much as the windows
// reach. Columns that a tap sees lie side by side: first every stride-th from 0 on, then from 1 on.
struct Plane {
    long h, w, pad_h, pad_w, step;  // what is framed, from which row and column on, stride
    long H, W;

    Plane(const Conv2d& d)
        : h(d.H),
          w(d.W),
          pad_h(d.pad_h),
          pad_w(d.pad_w),
          step(d.stride_w),
          H((d.P - 1) * d.stride_h + (d.R - 1) * d.dilation_h + 1),
          W(round_up((d.Q - 1) * step + (d.S - 1) * d.dilation_w + 1, step)) {}

    long column(long at) const { return at % step * (W / step) + at / step; }
    template <class T>
    long room() const {  // vectors reach behind the last row
        return std::max(0L, H * W) + (TOGETHER + 1) * Simd<T>::LANES;
    }

    template <class T>
    void fill(const T* from, T* to) const {
        std::fill_n(to, room<T>(), T(0));
        const long w0 = std::max(0L, -pad_w), w1 = std::min(w, W - pad_w);
        for (long y = std::max(0L, -pad_h); y < std::min(h, H - pad_h); y++)
            for (long x = w0; x < std::min(w1, w0 + step); x++) {
                const T* __restrict source = from + y * w + x;
                T* __restrict part = to + (y + pad_h) * W + column(x + pad_w);
                const long count = (w1 - x + step - 1) / step;
                if (step == 1)
                    for (long i = 0; i < count; i++) part[i] = source[i];
                else if (step == 2)  // a constant, so that it is done by vectors
                    for (long i = 0; i < count; i++) part[i] = source[2 * i];
                else
                    for (long i = 0; i < count; i++) part[i] = source[i * step];
            }
    }

    // The other way: the pixels, in order; those that no window reaches are 0.
    template <class T>
    void take_out(const T* from, T* to) const {
        for (long y = 0; y < h; y++, to += w) {
            const bool reached = y + pad_h < H;
            const T* __restrict row = from + (y + pad_h) * W;
            const long end = reached ? std::clamp(W - pad_w, 0L, w) : 0;
            long x = 0;
            if (step == 2) {
                const T* __restrict even = row + column(pad_w);
                const T* __restrict odd = row + column(pad_w + 1);
                for (; x + 1 < end; x += 2) to[x] = even[x / 2], to[x + 1] = odd[x / 2];
            }
            for (; x < end; x++) to[x] = row[column(x + pad_w)];
            for (; x < w; x++) to[x] = 0;
        }
    }
};

// Where the taps of a plane look.
inline void fill_offsets(const Conv2d& d, const Plane& plane, long* offsets) {
    for (long r = 0; r < d.R; r++)
        for (long s = 0; s < d.S; s++)
            *offsets++ = r * d.dilation_h * plane.W + plane.column(s * d.dilation_w);
}

// out[p, q] = start + sum over taps of weight x plane; `row` elements from one p to the next.
template <class T>
void correlate(long P, long Q, const T* plane, long row, long taps, const long* offsets,
               const T* weights, T start, T* out) {
    constexpr long LANES = Simd<T>::LANES;
    for (long p = 0; p < P; p++, plane += row, out += Q)
        for (long q = 0; q < Q; q += TOGETHER * LANES) {
            long at[TOGETHER];  // the last ones may overlap: they compute the same
            Vector<T> sum[TOGETHER];
#pragma GCC unroll 4
            for (long v = 0; v < TOGETHER; v++) {
                at[v] = std::max(0L, std::min(q + v * LANES, Q - LANES));
                sum[v] = Vector<T>{} + start;
            }
            for (long t = 0; t < taps; t++)
#pragma GCC unroll 4
                for (long v = 0; v < TOGETHER; v++)
                    sum[v] += weights[t] * load(plane + offsets[t] + at[v]);
            if (Q >= LANES)
#pragma GCC unroll 4
                for (long v = 0; v < TOGETHER; v++) store(out + at[v], sum[v]);
            else
                for (long i = 0; i < Q; i++) out[i] = sum[0][i];
        }
}

template <class T>
struct PlaneScratch {
    Pieces<T> pieces;
    long room, other, weight_room;  // of a thread: planes, dy's plane or the gradient, weights
    long* offsets;
    T *planes, *others, *weights;

    PlaneScratch(const Plane& plane, long count, long taps, long other, int threads, T* base)
        : pieces(base),
          room(count * plane.room<T>()),
          other(other),
          weight_room(taps * Simd<T>::LANES),
          offsets(pieces.template take<long>(taps)),
          planes(pieces.take(threads * room)),
          others(pieces.take(threads * other)),
          weights(pieces.take(threads * weight_room)) {}
};

}  // namespace mt::MT_ISA
