// What the rungs of conv share: every direction as one strided correlation.
//
//   y[n, out, p] = sum over tap, in of image[n, in, p stride + first + tap step] filter[out, in,
//   tap]
//
// The forward convolution is this as it stands, with step = dilation and first = -pad. dgrad with
// stride s falls into s residue classes on each axis: the q = s u + c0 of one class see those taps
// r only for which s divides c0 + pad - r dilation. These are every (s / g)-th, g = gcd(s,
// dilation), and from one to the next the place seen in dy moves by dilation / g. So a class is a
// correlation of stride 1 over dy with fewer taps, in reverse order; no tap is tried in vain, and
// no product is with a zero that was put in. wgrad reads `image` and `y`, and writes `filter`.
#pragma once

#include <algorithm>
#include <numeric>

#include "cuda/common/numbers.cuh"
#include "cuda/conv/conv.hpp"

namespace mt::conv {

// A group's part of the problem; `group` strides lead to the next one's.
template <class T>
struct Correlation {
    int images, groups, inputs, outputs;  // channels of one group
    int length[3], count[3], taps[3];     // of the image, of y, of the filter
    int stride[3], first[3], step[3];
    T *image, *filter, *y;
    long long i_n, i_c, i_axis[3];
    long long f_out, f_in, f_group, f_axis[3];
    long long y_n, y_c, y_axis[3];
    const T* bias;
    bool relu;
    Divider by_input, by_tap[3], by_place[3];

    __host__ __device__ int places() const { return images * count[0] * count[1] * count[2]; }
    __host__ __device__ int window() const { return taps[0] * taps[1] * taps[2]; }
    // The terms of each sum of fwd and dgrad.
    __host__ __device__ int terms() const { return inputs * window(); }

    void finish() {
        by_input = Divider(inputs);
        for (int a = 0; a < 3; a++) by_tap[a] = Divider(taps[a]), by_place[a] = Divider(count[a]);
    }
};

// ---- on the host: problems as correlations ------------------------------------------------------

template <class T>
Correlation<T> forward(const Conv& p) {
    Correlation<T> c{};
    c.images = int(p.N), c.groups = int(p.groups);
    c.inputs = int(p.C / p.groups), c.outputs = int(p.K / p.groups);
    c.image = static_cast<T*>(p.x.data), c.i_n = p.x.n, c.i_c = p.x.c;
    c.filter = static_cast<T*>(p.w.data), c.f_out = p.w.k, c.f_in = p.w.c;
    c.f_group = c.outputs * p.w.k;
    c.y = static_cast<T*>(p.y.data), c.y_n = p.y.n, c.y_c = p.y.c;
    for (int a = 0; a < 3; a++) {
        c.length[a] = int(p.x_size[a]), c.count[a] = int(p.y_size[a]), c.taps[a] = int(p.w_size[a]);
        c.stride[a] = int(p.stride[a]), c.first[a] = -int(p.pad[a]), c.step[a] = int(p.dilation[a]);
        c.i_axis[a] = p.x.axis[a], c.f_axis[a] = p.w.axis[a], c.y_axis[a] = p.y.axis[a];
    }
    c.bias = static_cast<const T*>(p.bias), c.relu = p.relu;
    c.finish();
    return c;
}

// Makes the axis `a` of c that of the residue class c0.
template <class T>
void choose_class(Correlation<T>& c, const Conv& p, int a, long long c0) {
    const long long s = p.stride[a], d = p.dilation[a], taps = p.w_size[a], g = std::gcd(s, d);
    long long r = 0;
    while (r < taps && (c0 + p.pad[a] - r * d) % s) r++;
    const long long apart = s / g, seen = r < taps ? (taps - 1 - r) / apart + 1 : 0;
    const long long last = r + (seen - 1) * apart;
    c.length[a] = int(p.y_size[a]);
    c.count[a] = int((p.x_size[a] - c0 + s - 1) / s);
    c.taps[a] = int(seen), c.stride[a] = 1, c.step[a] = int(d / g);
    c.first[a] = seen ? int((c0 + p.pad[a] - last * d) / s) : 0;
    c.i_axis[a] = p.y.axis[a];
    c.f_axis[a] = -apart * p.w.axis[a];
    c.y_axis[a] = s * p.x.axis[a];
    if (seen) c.filter += last * p.w.axis[a];
    c.y += c0 * p.x.axis[a];
}

// Calls go(correlation) for each residue class of dgrad that has elements.
template <class T, class Go>
void each_class(const Conv& p, Go go) {
    long long at[3];
    for (at[0] = 0; at[0] < std::min(p.stride[0], p.x_size[0]); at[0]++)
        for (at[1] = 0; at[1] < std::min(p.stride[1], p.x_size[1]); at[1]++)
            for (at[2] = 0; at[2] < std::min(p.stride[2], p.x_size[2]); at[2]++) {
                Correlation<T> c{};
                c.images = int(p.N), c.groups = int(p.groups);
                c.inputs = int(p.K / p.groups), c.outputs = int(p.C / p.groups);
                c.image = static_cast<T*>(p.y.data), c.i_n = p.y.n, c.i_c = p.y.c;
                c.filter = static_cast<T*>(p.w.data), c.f_out = p.w.c, c.f_in = p.w.k;
                c.f_group = c.inputs * p.w.k;
                c.y = static_cast<T*>(p.x.data), c.y_n = p.x.n, c.y_c = p.x.c;
                for (int a = 0; a < 3; a++) choose_class(c, p, a, at[a]);
                c.finish();
                go(c);
            }
}

// ---- on the device: places and taps
// ---------------------------------------------------------------

// One tap, and how far from a window's corner it looks.
struct Tap {
    int number[3], at[3];
    long long offset;  // in the image

    // The tap of that number when the last axis goes fastest.
    template <class T>
    __device__ __forceinline__ Tap(const Correlation<T>& c, int i) {
        number[2] = c.by_tap[2].split(i);
        number[1] = c.by_tap[1].split(i);
        number[0] = i;
        place(c);
    }
    template <class T>
    __device__ __forceinline__ void place(const Correlation<T>& c) {
        offset = 0;
#pragma unroll
        for (int a = 0; a < 3; a++) at[a] = number[a] * c.step[a], offset += at[a] * c.i_axis[a];
    }
    template <class T>
    __device__ __forceinline__ void next(const Correlation<T>& c) {
        if (++number[2] == c.taps[2]) number[2] = 0, number[1]++;
        if (number[1] == c.taps[1]) number[1] = 0, number[0]++;
        place(c);
    }
    // Its offset in a filter.
    template <class T>
    __device__ __forceinline__ long long in_filter(const Correlation<T>& c) const {
        return number[0] * c.f_axis[0] + number[1] * c.f_axis[1] + number[2] * c.f_axis[2];
    }
};

// What one place of y sees: a window of the image, given by its corner, which may lie outside.
struct Place {
    int at[3];
    long long corner;  // its offset in the image, at the group's first channel

    template <class T>
    __device__ __forceinline__ bool sees(const Correlation<T>& c, const Tap& tap) const {
        bool inside = true;
#pragma unroll
        for (int a = 0; a < 3; a++)
            inside = inside && unsigned(at[a] + tap.at[a]) < unsigned(c.length[a]);
        return inside;
    }
};

constexpr int NOWHERE = -(1 << 30);  // so far outside that no tap leads inside

// The place m of all images' places in a row; one that sees nothing for m >= places().
template <class T>
__device__ __forceinline__ Place place_of(const Correlation<T>& c, int m, int group) {
    Place place{{NOWHERE, NOWHERE, NOWHERE}, 0};
    if (m >= c.places()) return place;
#pragma unroll
    for (int a = 2; a >= 0; a--) {
        place.at[a] = c.by_place[a].split(m) * c.stride[a] + c.first[a];
        place.corner += place.at[a] * c.i_axis[a];
    }
    place.corner += m * c.i_n + (long long)group * c.inputs * c.i_c;
    return place;
}

// Offset in y of the place m, which must be one.
template <class T>
__device__ __forceinline__ long long y_offset(const Correlation<T>& c, int m) {
    long long offset = 0;
#pragma unroll
    for (int a = 2; a >= 0; a--) offset += c.by_place[a].split(m) * c.y_axis[a];
    return offset + m * c.y_n;
}

// The epilogue: what happens to the sum of filter k on its way to y.
template <class T>
__device__ __forceinline__ T finished(const Correlation<T>& c, long long k, Sum<T> sum) {
    if (c.bias) sum += Sum<T>(c.bias[k]);
    if (c.relu && sum < Sum<T>(0)) sum = Sum<T>(0);
    return T(sum);
}
// Stores it; `at` is y_offset.
template <class T>
__device__ __forceinline__ void store(const Correlation<T>& c, long long at, int group, int out,
                                      Sum<T> sum) {
    const long long k = (long long)group * c.outputs + out;
    c.y[at + k * c.y_c] = finished(c, k, sum);
}

// ---- entries
// --------------------------------------------------------------------------------------

inline std::string supports_everything(const Conv&) {
    return "";
}
// For rungs whose grids have groups along z, and tiles of at least 16 channels along y.
inline std::string fits_grid(const Conv& p) {
    return p.groups > 65535           ? "a grid has at most 65535 groups"
           : std::max(p.C, p.K) >> 20 ? "a grid has at most 2^20 channels"
                                      : "";
}
// For rungs that copy elements of 4 bytes and more by cp.async.
inline std::string wide_types(const Conv& p) {
    if (size_of(p.dtype) < 4) return "cp.async takes no 2-byte elements; see k08_mma";
    if (compute_capability() < 80) return "it needs compute capability 8.0";
    return fits_grid(p);
}
inline std::size_t no_workspace(const Conv&) {
    return 0;
}

// Runs go(correlation) as fwd, dgrad and wgrad have it.
template <class Go>
void run_fwd(const Conv& p, Go go) {
    by_type(p.dtype, [&](auto type) { go(forward<decltype(type)>(p)); });
}
template <class Go>
void run_dgrad(const Conv& p, Go go) {
    by_type(p.dtype, [&](auto type) { each_class<decltype(type)>(p, go); });
}

}  // namespace mt::conv
