// Max pooling, rung 2: rows without tests.
//
// Idea      Where a window lies inside the image, nothing need be tested: those windows of a row
//           are one loop that the compiler turns into vector instructions.
// Changed   Windows on the border still take rung 1's way; 2x2 and 3x3 with stride 2 are unrolled;
//           windows that tile the image are unpooled by writing each row once; planes are shared
//           among threads.
// Requires  Nothing; it is at its best for narrow windows.
// Launch    Tasks of whole planes, of some 65,000 elements each.
// Reading   max_plane, Known<2, 2, 2>::max, look, then unmax_tiles.
#include "cpu/pool2d/walk.hpp"

namespace mt::MT_ISA {
namespace {

// A block of windows beside each other, all inside the image, the first at x. R, S, STRIDE known.
template <long R, long S, long STRIDE>
struct Known {
    template <class T>
    static void max(const Pool2d& d, const T* __restrict x, long count, T* __restrict y,
                    Bits<T>* __restrict places) {
        for (long q = 0; q < count; q++) {
            T best = x[q * STRIDE];
            Bits<T> place = 0;
#pragma GCC unroll 3
            for (long r = 0; r < R; r++)
#pragma GCC unroll 3
                for (long s = 0; s < S; s++)
                    look(x[r * d.W + q * STRIDE + s], Bits<T>(r * S + s), best, place);
            y[q] = best;
            places[q] = place;
        }
    }
};

// The same for any window: one place of all windows after the other. STRIDE 0: d says it.
template <long STRIDE>
struct Any {
    template <class T>
    static void max(const Pool2d& d, const T* __restrict x, long count, T* __restrict y,
                    Bits<T>* __restrict places) {
        const long stride = STRIDE ? STRIDE : d.stride_w;
        for (long q = 0; q < count; q++) y[q] = x[q * stride], places[q] = 0;
        for (long r = 0; r < d.R; r++)
            for (long s = 0; s < d.S; s++) {
                const T* tap = x + r * d.W + s;
                Bits<T> here = static_cast<Bits<T>>(r * d.S + s);
                for (long q = 0; q < count; q++) look(tap[q * stride], here, y[q], places[q]);
            }
    }
};

// Windows of 2 x 2 that tile the image: every element of x is written once.
template <class T, class I>
void unmax_tiles(const Pool2d& d, const T* y, const I* index, T* x) {
    for (long p = 0; p < d.P; p++, y += d.Q, index += d.Q) {
        T *upper = x + 2 * p * d.W, *lower = upper + d.W;
        for (long q = 0; q < d.Q; q++) {
            Bits<T> value = to_bits(y[q]), place = index[q];
            upper[2 * q] = from_bits<T>(value & -Bits<T>(place == 0));
            upper[2 * q + 1] = from_bits<T>(value & -Bits<T>(place == 1));
            lower[2 * q] = from_bits<T>(value & -Bits<T>(place == 2));
            lower[2 * q + 1] = from_bits<T>(value & -Bits<T>(place == 3));
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

template <class T, class I>
void max(const Pool2d& d, int threads, const T* x, T* y, I* index) {
    auto plane = is(d, 2, 2)       ? max_plane<T, I, Known<2, 2, 2>>
                 : is(d, 3, 2)     ? max_plane<T, I, Known<3, 3, 2>>
                 : d.stride_w == 1 ? max_plane<T, I, Any<1>>
                                   : max_plane<T, I, Any<0>>;
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
