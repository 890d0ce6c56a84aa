// The rungs of softmax and cross-entropy, from the ground up. Nothing else lists them.
#include "cpu/loss/rungs.hpp"

namespace mt::MT_ISA {

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

LossTable loss_table() {
    // Made when it is asked for: whoever loads the module may not know these instructions.
    static const LossRung RUNGS[] = {
        {"k01_naive", "the definition, row by row", "", MT_ALL_TYPES(loss_k01_naive)},
        {"k02_vectors", "vectors of classes, or of rows; powers are computed once", "",
         MT_ALL_TYPES(loss_k02_vectors)},
    };
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
