// Steps of the update rules on the device: what the kernels compute, and the table of them.
//
// p is a parameter, g its gradient, v and m what the rule remembers; ' marks new values, which may
// be written over the old ones. With the learning rate r, as minitorch/updates has them:
//
//   sgd       p' = p - g r
//   momentum  q = v momentum + (p - g r),  v' = q - p,  p' = q
//   nesterov  s = p - g r,  q = v momentum + (s - p),  v' = q,  p' = q momentum + s
//   adam      m' = m beta1 + g (1 - beta1),  v' = v beta2 + g g (1 - beta2),
//             p' = p - m' r / (sqrt(v') + epsilon)        (r is corrected for the start at 0)
//
// Each is one pass: all arrays are read and written once. In float32 or float64.
#pragma once

#include "cuda/common/types.hpp"

namespace mt {

enum class UpdateRule { sgd, momentum, nesterov, adam };

struct Update {
    UpdateRule rule;
    Dtype dtype;  // float32 or float64
    long long elements;
    double rate, momentum, beta1, beta2, epsilon;
    const void *p, *g, *v, *m;  // v: the velocity, or adam's average of squares; m: adam's only
    void *new_p, *new_v, *new_m;
    Stream stream = nullptr;
};

struct UpdateRung {
    RungText text;
    std::string (*supports)(const Update&);  // "" or the reason why not
    void (*run)(const Update&);
};

struct UpdateTable {
    const UpdateRung* rungs;
    int count;
};
UpdateTable update_table();

}  // namespace mt
