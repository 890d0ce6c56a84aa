// Batch normalisation: what its kernels compute, and the table of them.
//
// x is outer x channels x inner; m = outer inner elements belong to a channel c.
//
//   fwd    mean[c] = sum of x / m,  inv_std[c] = 1 / sqrt(sum of (x - mean)^2 / m + epsilon),
//          y = (x - mean[c]) inv_std[c] gamma[c] + beta[c]   (+ add, then max(., 0) if wanted)
//   back   with n = (x - mean[c]) inv_std[c]:   dbeta[c] = sum of g,   dgamma[c] = sum of g n,
//          dx = gamma[c] inv_std[c] (g - dbeta[c] / m - n dgamma[c] / m)
//               + (g_mean[c] - n inv_std[c]^2 g_inv_std[c]) / m
//
// g is the gradient of y, as it is without an end; g_mean and g_inv_std those of
// the other two outputs (null: 0). gamma and beta may be null (1 and 0), and so may each result of
// `back`. Sums over a channel are in double, and the variance is never E[x^2] - E[x]^2, which loses
// all digits when the mean is large.
#pragma once

#include <tuple>

#include "common/isa.hpp"

namespace mt {

struct Norm {
    long outer, channels, inner;
    double epsilon;
    bool relu = false;
};

template <class T>
struct NormInputs {
    const T *g, *x, *mean, *inv_std, *gamma, *g_mean, *g_inv_std;
};

template <class T>
struct NormKernels {
    void (*fwd)(const Norm&, int threads, const T* x, const T* gamma, const T* beta, const T* add,
                T* y, T* mean, T* inv_std);
    void (*back)(const Norm&, int threads, const NormInputs<T>&, T* dx, T* dgamma, T* dbeta);
};

struct NormRung {
    const char *name, *idea, *needs;
    std::tuple<NormKernels<float>, NormKernels<double>> kernels;
};

struct NormTable {
    const NormRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run) \
    namespace ISA {              \
    NormTable norm_table();      \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
