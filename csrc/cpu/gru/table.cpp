// The rungs of gated recurrent units, from the ground up. Nothing else lists them.
#include "cpu/gru/rungs.hpp"

namespace mt::MT_ISA {

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

GruTable gru_table() {
    // Made when it is asked for: whoever loads the module may not know these instructions.
    static const GruRung RUNGS[] = {
        {"k01_naive", "the definition, unit by unit", "", MT_ALL_TYPES(gru_k01_naive)},
        {"k02_fused", "weights packed once, the gates in the product's task", "",
         MT_ALL_TYPES(gru_k02_fused)},
    };
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
