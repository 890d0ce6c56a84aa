// The rungs of batch normalisation, from the ground up. Nothing else lists them.
#include "cpu/norm/rungs.hpp"

namespace mt::MT_ISA {

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

NormTable norm_table() {
    // Made when it is asked for: whoever loads the module may not know these instructions.
    static const NormRung RUNGS[] = {
        {"k01_naive", "the definition, channel by channel", "", MT_ALL_TYPES(norm_k01_naive)},
        {"k02_lanes", "vectors of sums side by side, a task per channel or per strip of channels",
         "", MT_ALL_TYPES(norm_k02_lanes)},
    };
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
