// Local response normalisation on the device: what the kernels compute, and the table of them.
//
// x is outer x channels x inner. With s[c] = k + alpha (sum of x[j]^2 over the channels j with
// |j - c| <= n / 2) at each place:
//
//   fwd    y[c] = x[c] s[c]^-beta
//   back   dx[c] = g[c] s[c]^-beta - 2 alpha beta x[c] (sum of g[j] x[j] s[j]^(-beta - 1) over
//          the same j)
//
// Arithmetic is in float32 for the 16-bit types; sums run over channels in their order.
#pragma once

#include "cuda/common/types.hpp"

namespace mt {

enum class ResponsePass { fwd, back };

struct Response {
    ResponsePass pass;
    Dtype dtype;
    long long outer, channels, inner;
    int n;  // odd
    double alpha, k, beta;
    const void *x, *g;  // g is null for fwd
    void* y;            // for back: dx
    Stream stream = nullptr;

    long long elements() const { return outer * channels * inner; }
};

struct ResponseRung {
    RungText text;
    std::string (*supports)(const Response&);  // "" or the reason why not
    void (*run)(const Response&);
};

struct ResponseTable {
    const ResponseRung* rungs;
    int count;
};
ResponseTable response_table();

}  // namespace mt
