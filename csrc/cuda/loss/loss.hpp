// Softmax and its cross-entropy on the device: what the kernels compute, and the table of them.
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
// class. Arithmetic is in float32 for the 16-bit types.
#pragma once

#include "cuda/common/types.hpp"

namespace mt {

enum class LossPass { softmax, log_softmax, entropy, back };

struct Loss {
    LossPass pass;
    Dtype dtype;
    long long outer, classes, inner;
    const void* x;
    const void* labels;  // outer x inner, int64 or int32; null for the first two passes
    bool wide;           // labels are int64
    const void* g;       // outer x inner; null but for `back`
    void* y;             // as x, for `entropy` outer x inner
    Stream stream = nullptr;

    long long rows() const { return outer * inner; }
};

struct LossRung {
    RungText text;
    std::string (*supports)(const Loss&);  // "" or the reason why not
    void (*run)(const Loss&);
};

struct LossTable {
    const LossRung* rungs;
    int count;
};
LossTable loss_table();

}  // namespace mt
