// The rungs of local response normalisation, from the ground up. Nothing else lists them.
#include "cpu/response/rungs.hpp"

namespace mt::MT_ISA {

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

ResponseTable response_table() {
    // Made when it is asked for: whoever loads the module may not know these instructions.
    static const ResponseRung RUNGS[] = {
        {"k01_naive", "the definition, element by element", "", MT_ALL_TYPES(response_k01_naive)},
        {"k02_strips", "strips of places through all channels, powers by vectors", "",
         MT_ALL_TYPES(response_k02_strips)},
    };
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
