// The rungs of the matrix product, from the ground up. Nothing else lists them.
#include "cpu/matmul/rungs.hpp"

namespace mt::MT_ISA {

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

MatmulTable matmul_table() {
    // Made when it is asked for: whoever loads the module may not know these instructions.
    static const MatmulRung RUNGS[] = {
        {"k01_naive", "the definition, loop by loop", "", MT_ALL_TYPES(matmul_k01_naive)},
        {"k02_rows", "along the right operand's memory, some rows of the left one at a time", "",
         MT_ALL_TYPES(matmul_k02_rows)},
        {"k03_packed", "register tiles on packed operands, in blocks that stay in the caches", "",
         MT_ALL_TYPES(matmul_k03_packed)},
    };
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
