// Sum and average pooling of images: what its kernels compute, and the table of them.
//
//   sum     y[n,p,q] = sum over r, s of x[n, p stride_h + r - pad_h, q stride_w + s - pad_w]
//                      / elements(p, q)
//   unsum   x[n,h,w] = sum of y[n,p,q] / elements(p, q) over the windows that (h, w) is in
//
// n counts planes (images times channels); outside the image there are zeros. elements(p, q) is 1
// for sums; for a mean, the window's elements that lie in the image, or in the padded image.
// Every window sees some of the image.
#pragma once

#include <algorithm>
#include <tuple>

#include "common/isa.hpp"
#include "cpu/pool2d/pool2d.hpp"

namespace mt {

enum class PoolMean { none, image, padded };

struct PoolSum {
    Pool2d at;
    long after_h, after_w;  // the padding behind the image
    PoolMean mean;

    // How many elements count along one axis for a window from `start` on.
    long reach(long start, long size, long length, long after) const {
        if (mean == PoolMean::none) return 1;
        if (mean == PoolMean::padded) return std::min(start + size, length + after) - start;
        return std::min(start + size, length) - std::max(start, 0L);
    }
    long rows(long p) const { return reach(p * at.stride_h - at.pad_h, at.R, at.H, after_h); }
    long columns(long q) const { return reach(q * at.stride_w - at.pad_w, at.S, at.W, after_w); }
};

template <class T>
struct PoolSumKernels {
    void (*sum)(const PoolSum&, int threads, const T* x, T* y);
    void (*unsum)(const PoolSum&, int threads, const T* y, T* x);
};

struct PoolSumRung {
    const char *name, *idea, *needs;
    std::tuple<PoolSumKernels<float>, PoolSumKernels<double>> kernels;
};

struct PoolSumTable {
    const PoolSumRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run)   \
    namespace ISA {                \
    PoolSumTable pool_sum_table(); \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
