// What each rung's file offers to the table.
#pragma once

#include <algorithm>

#include "cpu/response/response.hpp"

namespace mt::MT_ISA {

template <class T>
ResponseKernels<T> response_k01_naive();

template <class T>
ResponseKernels<T> response_k02_strips();

// The channels around channel c, from `begin` to `end` - 1.
struct Around {
    long begin, end;

    template <class T>
    Around(const Response<T>& d, long c)
        : begin(std::max(c - d.n / 2, 0L)), end(std::min(c + d.n / 2 + 1, d.channels)) {}
};

}  // namespace mt::MT_ISA
