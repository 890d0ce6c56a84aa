// The rungs of the update steps, from the ground up. Nothing else lists them.
#include "cpu/update/rungs.hpp"

namespace mt::MT_ISA {

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

UpdateTable update_table() {
    // Made when it is asked for: whoever loads the module may not know these instructions.
    static const UpdateRung RUNGS[] = {
        {"k01_naive", "one pass over all arrays", "", MT_ALL_TYPES(update_k01_naive)},
        {"k02_shared", "the same, shared among threads", "", MT_ALL_TYPES(update_k02_shared)},
    };
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
