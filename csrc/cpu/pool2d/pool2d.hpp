// Max pooling of images: what its kernels compute, and the table of them.
//
//   max     y[n,p,q]     = max over r, s of x[n, p stride_h + r - pad_h, q stride_w + s - pad_w]
//           index[n,p,q] = r S + s of the first maximum; a NaN is the maximum
//   unmax   x[n, place of index[n,p,q] in window (p, q)] += y[n,p,q], all else 0
//
// n counts planes (images times channels). Elements outside the image are never the maximum, and
// what an index puts there is dropped, as is an index that is no place in the window. Every window
// sees some of the image. `index` is uint8_t for windows of at most 255 places, else int32_t.
#pragma once

#include <cstdint>
#include <tuple>

#include "common/isa.hpp"

namespace mt {

struct Pool2d {
    long N, H, W;  // planes and their size
    long P, Q;     // windows down and across
    long R, S;     // size of a window
    long stride_h, stride_w, pad_h, pad_w;
};

template <class T, class I>
struct Pool2dKernels {
    void (*max)(const Pool2d&, int threads, const T* x, T* y, I* index);
    void (*unmax)(const Pool2d&, int threads, const T* y, const I* index, T* x);
};

struct Pool2dRung {
    const char *name, *idea, *needs;
    std::tuple<Pool2dKernels<float, std::uint8_t>, Pool2dKernels<float, std::int32_t>,
               Pool2dKernels<double, std::uint8_t>, Pool2dKernels<double, std::int32_t>>
        kernels;
};

struct Pool2dTable {
    const Pool2dRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run) \
    namespace ISA {              \
    Pool2dTable pool2d_table();  \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
