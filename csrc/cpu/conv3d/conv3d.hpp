// Convolution of volumes, by the rungs of conv2d: what is computed, and its functions.
//
//   y[n,k,o,p,q] = b[k] + sum over c, t, r, s of x[n,c,d,h,w] w[k,c,t,r,s]
//
// with d = o stride + t dilation - pad, and h, w as in conv2d.hpp. For one o the taps t are what
// channels are: slice (n, o) of y is the convolution of an image that has the plane x[n,c,d] as its
// channel (c, t), and the filters are w as it lies, w[k,(c,t),r,s]. So every rung of conv2d does
// volumes too, and groups, strides and the rest stay its own matter.
#pragma once

#include "cpu/conv2d/conv2d.hpp"

namespace mt {

struct Conv3d {
    Conv2d slices;          // all of them as images: N slices of C channels (c, t)
    long volumes, D, T, O;  // planes of a volume, taps and positions down its depth
    long stride, pad, dilation;

    long channels() const { return slices.C / T; }  // of a volume
};

// `b` may be null. `scratch` holds as many elements as the function of that name says.
template <class T>
struct Conv3dKernels {
    using Rung = Conv2dKernels<T>;
    void (*fwd)(const Conv3d&, const Rung&, int threads, const T* x, const T* w, const T* b, T* y,
                T* scratch);
    void (*dgrad)(const Conv3d&, const Rung&, int threads, const T* dy, const T* w, T* dx,
                  T* scratch);
    void (*wgrad)(const Conv3d&, const Rung&, int threads, const T* x, const T* dy, T* dw,
                  T* scratch);
    std::size_t (*fwd_scratch)(const Conv3d&, const Rung&, int threads);
    std::size_t (*dgrad_scratch)(const Conv3d&, const Rung&, int threads);
    std::size_t (*wgrad_scratch)(const Conv3d&, const Rung&, int threads);
};

using Conv3dTypes = std::tuple<Conv3dKernels<float>, Conv3dKernels<double>>;

#define MT_DECLARE(ISA, can_run)  \
    namespace ISA {               \
    Conv3dTypes conv3d_kernels(); \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
