// The rungs of long short-term memory, from the ground up. Nothing else lists them.
#include "cpu/lstm/rungs.hpp"

namespace mt::MT_ISA {

template <class T>
LstmKernels<T> lstm_k02_fused() {
    LstmKernels<T> kernels;
    add_k02_fused_fwd(kernels);
    add_k02_fused_bwd(kernels);
    return kernels;
}

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

LstmTable lstm_table() {
    // Made when it is asked for: whoever loads the module may not know these instructions.
    static const LstmRung RUNGS[] = {
        {"k01_naive", "the definition, unit by unit", "", MT_ALL_TYPES(lstm_k01_naive)},
        {"k02_fused", "weights packed once, the gates in the product's task", "",
         MT_ALL_TYPES(lstm_k02_fused)},
    };
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
