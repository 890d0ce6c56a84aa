// Local response normalisation: what the kernels compute, and the table of them.
//
// x is outer x channels x inner. With s[c] = k + alpha (sum of x[j]^2 over the channels j with
// |j - c| <= n / 2) at each place:
//
//   fwd    y[c] = x[c] s[c]^-beta
//   back   dx[c] = g[c] s[c]^-beta - 2 alpha beta x[c] (sum of g[j] x[j] s[j]^(-beta - 1) over
//          the same j)
//
// Sums run over channels in their order.
#pragma once

#include <tuple>

#include "common/isa.hpp"

namespace mt {

template <class T>
struct Response {
    long outer, channels, inner;
    long n;  // odd
    double alpha, k, beta;
    const T *x, *g;  // g is null for fwd
    T* y;            // for back: dx
};

template <class T>
struct ResponseKernels {
    void (*fwd)(const Response<T>&, int threads);
    void (*back)(const Response<T>&, int threads);
};

struct ResponseRung {
    const char *name, *idea, *needs;
    std::tuple<ResponseKernels<float>, ResponseKernels<double>> kernels;
};

struct ResponseTable {
    const ResponseRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run)    \
    namespace ISA {                 \
    ResponseTable response_table(); \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
