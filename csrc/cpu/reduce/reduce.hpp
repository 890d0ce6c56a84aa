// Sums over axes of an array.
//
//   y[o] = (sum over r of x[o, r]) / divisor
//
// o runs over the axes that are kept, in their order, r over those that are summed; x may lie in
// any order in memory. Pieces of at most 1024 elements are summed in T, those sums in double: the
// error is below 1024 / LANES + 2 roundings of T, whatever the length. The order of the additions
// follows from the shape alone.
#pragma once

#include <cstddef>

#include "common/isa.hpp"

namespace mt {

constexpr int MAX_SUM_AXES = 8;

struct Axes {
    int count = 0;
    long lengths[MAX_SUM_AXES], strides[MAX_SUM_AXES];  // of x, in elements

    void add(long length, long stride) { lengths[count] = length, strides[count++] = stride; }
    long size() const {
        long n = 1;
        for (int k = 0; k < count; k++) n *= lengths[k];
        return n;
    }
    // Where element i, in row-major order, lies.
    long offset(long i) const {
        long at = 0;
        for (int k = count - 1; k >= 0; k--) at += i % lengths[k] * strides[k], i /= lengths[k];
        return at;
    }
};

struct Sum {
    Axes kept, summed;  // the last kept axis, or the last summed one, is the fast one
};

struct ReduceKernels {
    void (*f32)(const Sum&, double divisor, int threads, const float* x, float* y);
    void (*f64)(const Sum&, double divisor, int threads, const double* x, double* y);
};

struct ReduceRung {
    const char *name, *idea, *needs;
    ReduceKernels kernels;
};

struct ReduceTable {
    const ReduceRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run) \
    namespace ISA {              \
    ReduceTable reduce_table();  \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
