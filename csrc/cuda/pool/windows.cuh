// What the rungs of pooling share: arguments, where windows lie, and the work on one output.
#pragma once

#include "cuda/common/numbers.cuh"
#include "cuda/pool/pool.hpp"

namespace mt::pool {

// One axis: its length, its windows, and how they lie.
struct Axis {
    int size, count, window, stride, before, after;
    Divider by_stride;

    // The offsets inside window p that are in the plane: from first(p) to before last(p).
    __device__ __forceinline__ int first(int p) const { return max(before - p * stride, 0); }
    __device__ __forceinline__ int last(int p) const {
        return min(window, size + before - p * stride);
    }
    // The windows that cover place h: from low(h) to before high(h).
    __device__ __forceinline__ int low(int h) const {
        return by_stride.quotient(max(h + before - window + stride, 0));
    }
    __device__ __forceinline__ int high(int h) const {
        return min(by_stride.quotient(h + before) + 1, count);
    }
    // How many elements a mean counts along this axis of window p.
    __device__ __forceinline__ int elements(int p, bool padded) const {
        const int start = p * stride - before;
        return padded ? min(start + window, size + after) - max(start, -before)
                      : min(start + window, size) - max(start, 0);
    }
};

// A kernel's arguments.
template <class T>
struct Arguments {
    Axis axis[3];
    long long outputs;  // of all planes
    T *x, *y;
    void* index;
    bool wide, divide, padded;

    __device__ __forceinline__ long long plane() const {
        return (long long)axis[0].size * axis[1].size * axis[2].size;
    }
    __device__ __forceinline__ int index_at(long long i) const {
        return wide ? static_cast<const std::int32_t*>(index)[i]
                    : static_cast<const std::uint8_t*>(index)[i];
    }
    __device__ __forceinline__ void set_index(long long i, int value) const {
        if (wide)
            static_cast<std::int32_t*>(index)[i] = value;
        else
            static_cast<std::uint8_t*>(index)[i] = std::uint8_t(value);
    }
    __device__ __forceinline__ Sum<T> elements(int o, int p, int q) const {
        return Sum<T>(axis[0].elements(o, padded)) * Sum<T>(axis[1].elements(p, padded)) *
               Sum<T>(axis[2].elements(q, padded));
    }
};

template <class T>
Arguments<T> typed(const Pool& p) {
    Arguments<T> a;
    for (int i = 0; i < 3; i++)
        a.axis[i] = {int(p.size[i]),   int(p.count[i]), int(p.window[i]),    int(p.stride[i]),
                     int(p.before[i]), int(p.after[i]), Divider(p.stride[i])};
    a.outputs = p.planes * (p.writes_plane() ? p.plane() : p.windows());
    a.x = static_cast<T*>(p.x), a.y = static_cast<T*>(p.y), a.index = p.index;
    a.wide = p.wide, a.divide = p.mean != PoolMean::none, a.padded = p.mean == PoolMean::padded;
    return a;
}

// A maximum so far: values must come in the order of their offsets.
template <class T>
struct Maximum {
    Sum<T> value = -Sum<T>(INFINITY);
    int at;
    // !(v <= value) also takes a NaN; one that was taken stays.
    __device__ __forceinline__ void see(Sum<T> v, int offset) {
        if (!(v <= value) && value == value) value = v, at = offset;
    }
};

// max: window (o, p, q) of the plane at x.
template <class T>
__device__ __forceinline__ Maximum<T> maximum(const Arguments<T>& a, const T* x, int o, int p,
                                              int q) {
    const Axis &D = a.axis[0], &H = a.axis[1], &W = a.axis[2];
    Maximum<T> best;
    best.at = (D.first(o) * H.window + H.first(p)) * W.window + W.first(q);
    for (int t = D.first(o); t < D.last(o); t++)
        for (int r = H.first(p); r < H.last(p); r++) {
            const int d = o * D.stride + t - D.before, h = p * H.stride + r - H.before;
            const T* row = x + ((long long)d * H.size + h) * W.size + q * W.stride - W.before;
            for (int s = W.first(q); s < W.last(q); s++)
                best.see(Sum<T>(row[s]), (t * H.window + r) * W.window + s);
        }
    return best;
}

// sum: the same window's sum.
template <class T>
__device__ __forceinline__ Sum<T> total(const Arguments<T>& a, const T* x, int o, int p, int q) {
    const Axis &D = a.axis[0], &H = a.axis[1], &W = a.axis[2];
    Sum<T> sum = 0;
    for (int t = D.first(o); t < D.last(o); t++)
        for (int r = H.first(p); r < H.last(p); r++) {
            const int d = o * D.stride + t - D.before, h = p * H.stride + r - H.before;
            const T* row = x + ((long long)d * H.size + h) * W.size + q * W.stride - W.before;
            for (int s = W.first(q); s < W.last(q); s++) sum += Sum<T>(row[s]);
        }
    return a.divide ? sum / a.elements(o, p, q) : sum;
}

// unmax (INDEXED) and unsum: what place (d, h, w) gets of the windows that cover it, whose values
// start at `first`.
template <bool INDEXED, class T>
__device__ __forceinline__ Sum<T> gathered(const Arguments<T>& a, long long first, int d, int h,
                                           int w) {
    const Axis &D = a.axis[0], &H = a.axis[1], &W = a.axis[2];
    Sum<T> sum = 0;
#pragma unroll 1  // mostly one or two windows: unrolled divisions would only cost registers
    for (int o = D.low(d); o < D.high(d); o++)
#pragma unroll 1
        for (int p = H.low(h); p < H.high(h); p++)
#pragma unroll 1
            for (int q = W.low(w); q < W.high(w); q++) {
                const long long i = first + ((long long)o * H.count + p) * W.count + q;
                if (INDEXED) {
                    const int t = d + D.before - o * D.stride, r = h + H.before - p * H.stride;
                    const int s = w + W.before - q * W.stride;
                    if (a.index_at(i) == (t * H.window + r) * W.window + s) sum += Sum<T>(a.y[i]);
                } else {
                    sum += a.divide ? Sum<T>(a.y[i]) / a.elements(o, p, q) : Sum<T>(a.y[i]);
                }
            }
    return sum;
}

// at: the element of window (o, p, q) at this offset.
template <class T>
__device__ __forceinline__ T picked(const Arguments<T>& a, const T* x, int o, int p, int q,
                                    int offset) {
    const Axis &D = a.axis[0], &H = a.axis[1], &W = a.axis[2];
    const int s = offset % W.window, rest = offset / W.window;
    const int r = rest % H.window, t = rest / H.window;
    const int d = o * D.stride - D.before + t, h = p * H.stride - H.before + r;
    const int w = q * W.stride - W.before + s;
    const bool inside = offset >= 0 && t < D.window && d >= 0 && d < D.size && h >= 0 &&
                        h < H.size && w >= 0 && w < W.size;
    return inside ? x[((long long)d * H.size + h) * W.size + w] : T(0.0f);
}

}  // namespace mt::pool
