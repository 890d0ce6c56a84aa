// Softmax and its cross-entropy: what the kernels compute, and the table of them.
//
// x is outer x classes x inner; a row is what lies along the classes. With m the largest of a row
// and total = sum of e^(x - m) over it:
//
//   softmax      y = e^(x - m) / total
//   log_softmax  y = (x - m) - ln total
//   entropy      y[row] = ln total - (x[label[row]] - m)                     (cross-entropy)
//   back         y = (e^(x - m) / total - [class is label[row]]) g[row]      (its gradient)
//
// A row that is -inf throughout, or holds +inf or NaN, is NaN. So is the loss of a label that is no
// class. Arithmetic is in the arrays' type.
#pragma once

#include <cstdint>
#include <tuple>

#include "common/isa.hpp"

namespace mt {

enum class LossPass { softmax, log_softmax, entropy, back };

template <class T>
struct Loss {
    LossPass pass;
    long outer, classes, inner;
    const T* x;
    const void* labels;  // outer x inner, int64 or int32; null for the first two passes
    bool wide;           // labels are int64
    const T* g;          // outer x inner; null but for `back`
    T* y;                // as x, for `entropy` outer x inner

    // -1 for what is no class.
    long label(long row) const {
        long found = wide ? static_cast<const std::int64_t*>(labels)[row]
                          : static_cast<const std::int32_t*>(labels)[row];
        return found < 0 || found >= classes ? -1 : found;
    }
};

template <class T>
struct LossKernels {
    void (*run)(const Loss<T>&, int threads);
};

struct LossRung {
    const char *name, *idea, *needs;
    std::tuple<LossKernels<float>, LossKernels<double>> kernels;
};

struct LossTable {
    const LossRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run) \
    namespace ISA {              \
    LossTable loss_table();      \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
