// Max pooling, rung 2: rows without tests.
//
// Idea      Where a window lies inside the image, nothing need be tested: those windows of a row
//           are one loop that the compiler turns into vector instructions. The place of the
//           maximum is carried as a T, so that all lanes of the loop are of one width.
// Changed   Windows on the border still take rung 1's way; 2x2 and 3x3 with stride 2 are unrolled;
//           windows that tile the image are unpooled by writing each row once; planes are shared
//           among threads.
// Requires  Nothing; it is at its best for narrow windows.
// Launch    Tasks of whole planes, of some 16,000 elements each.
// Reading   max_plane, then Rows<2, 2, 2>::max, then unmax_tiles.
#include "common/parallel.hpp"
#include "cpu/pool2d/rungs.hpp"

namespace mt::MT_ISA {
namespace {

struct Range {
    long begin, end;
};

// Windows along one axis that lie wholly inside the image.
inline Range inside(long windows, long size, long stride, long pad, long length) {
    long begin = (pad + stride - 1) / stride;
    long end = length + pad < size ? 0 : (length + pad - size) / stride + 1;
    if (end > windows) end = windows;
    return {begin < end ? begin : end, end};
}

// One window that may reach over the border.
template <class T, class I>
inline void max_window(const Pool2d& d, const T* x, long p, long q, T* y, I* index) {
    long h0 = p * d.stride_h - d.pad_h, w0 = q * d.stride_w - d.pad_w;
    bool found = false;
    for (long r = h0 < 0 ? -h0 : 0; r < d.R && h0 + r < d.H; r++)
        for (long s = w0 < 0 ? -w0 : 0; s < d.S && w0 + s < d.W; s++) {
            T seen = x[(h0 + r) * d.W + w0 + s];
            if (found && (seen <= *y || *y != *y)) continue;
            found = true;
            *y = seen;
            *index = static_cast<I>(r * d.S + s);
        }
}

// `count` windows beside each other, the first at x, all inside. R, S and STRIDE known.
template <long R, long S, long STRIDE>
struct Rows {
    template <class T, class I>
    static void max(const Pool2d& d, const T* x, long count, T* y, I* index) {
        for (long q = 0; q < count; q++) {
            T best = x[q * STRIDE], place = 0;
#pragma GCC unroll 3
            for (long r = 0; r < R; r++)
#pragma GCC unroll 3
                for (long s = 0; s < S; s++) {
                    T seen = x[r * d.W + q * STRIDE + s];
                    bool better = !(seen <= best) & (best == best);
                    best = better ? seen : best;
                    place = better ? T(r * S + s) : place;
                }
            y[q] = best;
            index[q] = static_cast<I>(place);
        }
    }
};

// Any window: one place of all windows after the other.
struct AnyRows {
    template <class T, class I>
    static void max(const Pool2d& d, const T* x, long count, T* y, I* index) {
        for (long q = 0; q < count; q++) y[q] = x[q * d.stride_w], index[q] = 0;
        for (long r = 0; r < d.R; r++)
            for (long s = 0; s < d.S; s++) {
                const T* tap = x + r * d.W + s;
                I place = static_cast<I>(r * d.S + s);
                for (long q = 0; q < count; q++) {
                    T seen = tap[q * d.stride_w];
                    bool better = !(seen <= y[q]) & (y[q] == y[q]);
                    y[q] = better ? seen : y[q];
                    index[q] = better ? place : index[q];
                }
            }
    }
};

template <class T, class I, class Kind>
void max_plane(const Pool2d& d, const T* x, T* y, I* index) {
    Range rows = inside(d.P, d.R, d.stride_h, d.pad_h, d.H);
    Range columns = inside(d.Q, d.S, d.stride_w, d.pad_w, d.W);
    for (long p = 0; p < d.P; p++, y += d.Q, index += d.Q) {
        bool whole = p >= rows.begin && p < rows.end;
        long begin = whole ? columns.begin : 0, end = whole ? columns.end : 0;
        for (long q = 0; q < begin; q++) max_window(d, x, p, q, y + q, index + q);
        if (begin < end) {
            const T* first = x + (p * d.stride_h - d.pad_h) * d.W + begin * d.stride_w - d.pad_w;
            Kind::max(d, first, end - begin, y + begin, index + begin);
        }
        for (long q = end; q < d.Q; q++) max_window(d, x, p, q, y + q, index + q);
    }
}

// Windows of 2 x 2 that tile the image: every element of x is written once.
template <class T, class I>
void unmax_tiles(const Pool2d& d, const T* y, const I* index, T* x) {
    for (long p = 0; p < d.P; p++, y += d.Q, index += d.Q) {
        T *upper = x + 2 * p * d.W, *lower = upper + d.W;
        for (long q = 0; q < d.Q; q++) {
            upper[2 * q] = index[q] == 0 ? y[q] : T(0);
            upper[2 * q + 1] = index[q] == 1 ? y[q] : T(0);
            lower[2 * q] = index[q] == 2 ? y[q] : T(0);
            lower[2 * q + 1] = index[q] == 3 ? y[q] : T(0);
        }
        for (long w = 2 * d.Q; w < d.W; w++) upper[w] = lower[w] = 0;
    }
    for (long i = 2 * d.P * d.W; i < d.H * d.W; i++) x[i] = 0;
}

template <class T, class I>
void unmax_plane(const Pool2d& d, const T* y, const I* index, T* x) {
    for (long i = 0; i < d.H * d.W; i++) x[i] = 0;
    for (long p = 0; p < d.P; p++)
        for (long q = 0; q < d.Q; q++, y++, index++) {
            if (*index < 0 || *index >= d.R * d.S) continue;
            long r = *index / d.S, s = *index - r * d.S;
            long h = p * d.stride_h + r - d.pad_h, w = q * d.stride_w + s - d.pad_w;
            if (h >= 0 && h < d.H && w >= 0 && w < d.W) x[h * d.W + w] += *y;
        }
}

template <class Body>
void for_each_plane(const Pool2d& d, int threads, const Body& body) {
    long elements = d.H * d.W + 1, planes = elements > 16384 ? 1 : 16384 / elements;
    parallel_for((d.N + planes - 1) / planes, threads, [&](long task, int) {
        long end = (task + 1) * planes < d.N ? (task + 1) * planes : d.N;
        for (long n = task * planes; n < end; n++) body(n);
    });
}

inline bool is(const Pool2d& d, long size, long stride) {
    return d.R == size && d.S == size && d.stride_h == stride && d.stride_w == stride;
}

template <class T, class I>
void max(const Pool2d& d, int threads, const T* x, T* y, I* index) {
    auto plane = is(d, 2, 2)   ? max_plane<T, I, Rows<2, 2, 2>>
                 : is(d, 3, 2) ? max_plane<T, I, Rows<3, 3, 2>>
                               : max_plane<T, I, AnyRows>;
    for_each_plane(d, threads, [&](long n) {
        plane(d, x + n * d.H * d.W, y + n * d.P * d.Q, index + n * d.P * d.Q);
    });
}

template <class T, class I>
void unmax(const Pool2d& d, int threads, const T* y, const I* index, T* x) {
    bool tiles = is(d, 2, 2) && !d.pad_h && !d.pad_w && 2 * d.P <= d.H && 2 * d.Q <= d.W;
    auto plane = tiles ? unmax_tiles<T, I> : unmax_plane<T, I>;
    for_each_plane(d, threads, [&](long n) {
        plane(d, y + n * d.P * d.Q, index + n * d.P * d.Q, x + n * d.H * d.W);
    });
}

}  // namespace

template <class T, class I>
Pool2dKernels<T, I> pool2d_k02_rows() {
    return {max<T, I>, unmax<T, I>};
}

#define MT_INSTANTIATE(T, I) template Pool2dKernels<T, I> pool2d_k02_rows<T, I>();
MT_POOL2D_ALL_TYPES(MT_INSTANTIATE)

}  // namespace mt::MT_ISA
