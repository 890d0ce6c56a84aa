// Convolutions on the device: what the kernels compute, and the table of them.
//
//   fwd    y[n,k,p]  = relu( sum over c, r of x[n, c, p stride + r dilation - pad] w[k,c,r] + b[k]
//   ) dgrad  dx[n,c,q] = sum over k and those r for which there is a p with
//                      q = p stride + r dilation - pad, of dy[n,k,p] w[k,c,r]
//   wgrad  dw[k,c,r] = sum over n, p of x[n, c, p stride + r dilation - pad] dy[n,k,p]
//
// p, q and r each stand for three spatial axes; a problem with fewer has axes of length 1 in front.
// Filter k sees the C / groups channels of its group. What lies outside of x counts as 0. bias and
// relu are optional and belong to fwd. All arrays are given by strides, in elements, so images with
// channels first (NCHW) and channels last (NHWC) are read and written where they lie. Sums are in
// float32 for the 16-bit types, else in the operands' type.
#pragma once

#include "cuda/common/types.hpp"

namespace mt {

struct ConvImages {
    void* data;
    long long n, c, axis[3];  // strides
};

struct ConvFilters {
    void* data;
    long long k, c, axis[3];  // strides; c counts within the group
};

struct Conv {
    Dtype dtype;
    long long N, C, K, groups;                  // C and K in all groups together
    long long x_size[3], w_size[3], y_size[3];  // (D, H, W), (T, R, S), (O, P, Q)
    long long stride[3], pad[3], dilation[3];   // zeros before; what lies behind follows from y
    ConvImages x, y;                            // one of x, w, y is the result
    ConvFilters w;
    const void* bias = nullptr;  // (K)
    bool relu = false;
    void* workspace = nullptr;  // as many bytes as the rung asks for, aligned to 16
    Stream stream = nullptr;
};

// One direction of a rung. `supports` and `workspace` do not look at the result's strides.
struct ConvEntry {
    std::string (*supports)(const Conv&);   // "" or the reason why not
    std::size_t (*workspace)(const Conv&);  // bytes
    void (*run)(const Conv&);
};

struct ConvRung {
    RungText text;
    ConvEntry fwd, dgrad, wgrad;
};

struct ConvTable {
    const ConvRung* rungs;
    int count;
};
ConvTable conv_table();

}  // namespace mt
