// Batch normalisation on the device: what the kernels compute, and the table of them.
//
// x is outer x channels x inner; m = outer * inner elements belong to a channel c.
//
//   fwd    mean[c] = sum of x / m,  inv_std[c] = 1 / sqrt(sum of (x - mean)^2 / m + epsilon),
//          y = (x - mean[c]) inv_std[c] gamma[c] + beta[c]
//   back   with n = (x - mean[c]) inv_std[c]:   dbeta[c] = sum of g,   dgamma[c] = sum of g n,
//          dx = gamma[c] inv_std[c] (g - dbeta[c] / m - n dgamma[c] / m)
//               + (g_mean[c] - n inv_std[c]^2 g_inv_std[c]) / m
//
// g is the gradient of y, g_mean and g_inv_std those of the other two outputs (0 if missing).
//
// gamma and beta may be missing (1 and 0). All arrays are of one dtype. Sums over a channel are in
// float64, and the variance is never E[x^2] - E[x]^2, which loses all digits when the mean is
// large. For the 16-bit types the elementwise arithmetic is in float32.
#pragma once

#include "cuda/common/types.hpp"

namespace mt {

enum class NormPass { fwd, back };

struct Norm {
    NormPass pass;
    Dtype dtype;
    long long outer, channels, inner;
    double epsilon;
    const void *x, *gamma, *beta;
    void *y, *mean, *inv_std;            // mean and inv_std are read by `back`
    const void *g, *g_mean, *g_inv_std;  // the last two may be null
    void *dx, *dgamma, *dbeta;           // each may be null
    void* workspace = nullptr;           // as many bytes as the rung asks for, aligned to 8
    Stream stream = nullptr;

    long long elements() const { return outer * inner; }
};

struct NormRung {
    RungText text;
    std::string (*supports)(const Norm&);   // "" or the reason why not
    std::size_t (*workspace)(const Norm&);  // bytes
    void (*run)(const Norm&);
};

struct NormTable {
    const NormRung* rungs;
    int count;
};
NormTable norm_table();

}  // namespace mt
