// The rungs of the random ops, from the ground up. Nothing else lists them.
#include "cpu/random/rungs.hpp"

namespace mt::MT_ISA {

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

RandomTable random_table() {
    // Made when it is asked for: whoever loads the module may not know these instructions.
    static const RandomRung RUNGS[] = {
        {"k01_naive", "a block of the generator per element", "", MT_ALL_TYPES(random_k01_naive)},
        {"k02_blocks", "a block of the generator for its eight elements, the rest by vectors", "",
         MT_ALL_TYPES(random_k02_blocks)},
    };
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
