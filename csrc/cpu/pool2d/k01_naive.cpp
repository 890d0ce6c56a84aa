// Max pooling, rung 1: the definition.
//
// Idea      Four loops over planes, windows and places, and a test whether a place is in the image.
// Changed   Nothing, this is the ground.
// Requires  Nothing.
// Launch    One thread.
// Reading   The comment in pool2d.hpp; then see how each line of it becomes a line here.
#include "cpu/pool2d/rungs.hpp"

namespace mt::MT_ISA {
namespace {

template <class T, class I>
void max(const Pool2d& d, int, const T* x, T* y, I* index) {
    for (long n = 0; n < d.N; n++)
        for (long p = 0; p < d.P; p++)
            for (long q = 0; q < d.Q; q++, y++, index++) {
                bool found = false;
                for (long r = 0; r < d.R; r++)
                    for (long s = 0; s < d.S; s++) {
                        long h = p * d.stride_h + r - d.pad_h, w = q * d.stride_w + s - d.pad_w;
                        if (h < 0 || h >= d.H || w < 0 || w >= d.W) continue;
                        T seen = x[(n * d.H + h) * d.W + w];
                        // Not (seen <= best) is true for a NaN; a NaN already found stays.
                        if (found && (seen <= *y || *y != *y)) continue;
                        found = true;
                        *y = seen;
                        *index = static_cast<I>(r * d.S + s);
                    }
            }
}

template <class T, class I>
void unmax(const Pool2d& d, int, const T* y, const I* index, T* x) {
    for (long i = 0; i < d.N * d.H * d.W; i++) x[i] = 0;
    for (long n = 0; n < d.N; n++)
        for (long p = 0; p < d.P; p++)
            for (long q = 0; q < d.Q; q++, y++, index++) {
                if (*index < 0 || *index >= d.R * d.S) continue;
                long h = p * d.stride_h + *index / d.S - d.pad_h;
                long w = q * d.stride_w + *index % d.S - d.pad_w;
                if (h < 0 || h >= d.H || w < 0 || w >= d.W) continue;
                x[(n * d.H + h) * d.W + w] += *y;
            }
}

}  // namespace

template <class T, class I>
Pool2dKernels<T, I> pool2d_k01_naive() {
    return {max<T, I>, unmax<T, I>};
}

#define MT_INSTANTIATE(T, I) template Pool2dKernels<T, I> pool2d_k01_naive<T, I>();
MT_POOL2D_ALL_TYPES(MT_INSTANTIATE)

}  // namespace mt::MT_ISA
