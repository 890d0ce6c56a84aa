// The rungs of sum and average pooling, from the ground up. Nothing else lists them.
#include "cpu/pool_sum/rungs.hpp"

namespace mt::MT_ISA {

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

PoolSumTable pool_sum_table() {
    // Made when it is asked for: whoever loads the module may not know these instructions.
    static const PoolSumRung RUNGS[] = {
        {"k01_naive", "the definition, loop by loop", "", MT_ALL_TYPES(pool_sum_k01_naive)},
        {"k02_axes", "one axis after the other, rows as vectors", "",
         MT_ALL_TYPES(pool_sum_k02_axes)},
    };
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
