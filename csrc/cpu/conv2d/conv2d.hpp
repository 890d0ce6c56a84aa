// Convolution of images (cross-correlation): what its kernels compute, and the table of them.
//
//   fwd     y[n,k,p,q]  = b[k] + sum over c, r, s of x[n,c,h,w] w[k,c,r,s], max(., 0) if wanted
//   dgrad   dx[n,c,h,w] = sum over k, p, q, r, s     of dy[n,k,p,q] w[k,c,r,s]
//   wgrad   dw[k,c,r,s] = sum over n, p, q           of dy[n,k,p,q] x[n,c,h,w]
//
// with h = p stride_h + r dilation_h - pad_h and w = q stride_w + s dilation_w - pad_w; outside the
// image x is 0. With groups, filter k sees the `depth` channels of its own group. Each result is a
// fixed sequence of additions, whatever the number of threads.
#pragma once

#include <cstddef>
#include <tuple>

#include "common/isa.hpp"

namespace mt {

struct Conv2d {
    long N, C, H, W;  // images
    long K, R, S;     // filters
    long P, Q;        // positions of a filter down and across
    long stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups;
    bool relu = false;  // y is rectified

    long depth() const { return C / groups; }    // channels that a filter sees
    long filters() const { return K / groups; }  // filters of a group
    long taps() const { return depth() * R * S; }
    long positions() const { return P * Q; }
};

// `b` may be null. `scratch` holds as many elements as the rung's function of that name says.
template <class T>
struct Conv2dKernels {
    void (*fwd)(const Conv2d&, int threads, const T* x, const T* w, const T* b, T* y, T* scratch);
    void (*dgrad)(const Conv2d&, int threads, const T* dy, const T* w, T* dx, T* scratch);
    void (*wgrad)(const Conv2d&, int threads, const T* x, const T* dy, T* dw, T* scratch);
    std::size_t (*fwd_scratch)(const Conv2d&, int threads);
    std::size_t (*dgrad_scratch)(const Conv2d&, int threads);
    std::size_t (*wgrad_scratch)(const Conv2d&, int threads);
};

// `needs` says in words which convolutions `fits`.
struct Conv2dRung {
    const char *name, *idea, *needs;
    bool (*fits)(const Conv2d&);
    std::tuple<Conv2dKernels<float>, Conv2dKernels<double>> kernels;
};

struct Conv2dTable {
    const Conv2dRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run) \
    namespace ISA {              \
    Conv2dTable conv2d_table();  \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
