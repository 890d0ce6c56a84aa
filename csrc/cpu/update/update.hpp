// Steps of the update rules: what the kernels compute, and the table of them.
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
// Each is one pass: all arrays are read and written once.
#pragma once

#include <tuple>

#include "common/isa.hpp"

namespace mt {

enum class UpdateRule { sgd, momentum, nesterov, adam };

template <class T>
struct Update {
    UpdateRule rule;
    long elements;
    double rate, momentum, beta1, beta2, epsilon;
    const T *p, *g, *v, *m;  // v: the velocity, or adam's average of squares; m: adam's only
    T *new_p, *new_v, *new_m;
};

template <class T>
struct UpdateKernels {
    void (*step)(const Update<T>&, int threads);
};

struct UpdateRung {
    const char *name, *idea, *needs;
    std::tuple<UpdateKernels<float>, UpdateKernels<double>> kernels;
};

struct UpdateTable {
    const UpdateRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run) \
    namespace ISA {              \
    UpdateTable update_table();  \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
