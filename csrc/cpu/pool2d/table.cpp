// The rungs of max pooling, from the ground up. Nothing else lists them.
#include "cpu/pool2d/rungs.hpp"

namespace mt::MT_ISA {
namespace {

#define MT_ALL_TYPES(rung)                                                                   \
    {rung<float, std::uint8_t>(), rung<float, std::int32_t>(), rung<double, std::uint8_t>(), \
     rung<double, std::int32_t>()}

}  // namespace

Pool2dTable pool2d_table() {
    // Made when it is asked for: whoever loads the module may not know these instructions.
    static const Pool2dRung RUNGS[] = {
        {"k01_naive", "the definition, loop by loop", "", MT_ALL_TYPES(pool2d_k01_naive)},
        {"k02_rows",
         "windows inside the image go without tests, a row at a time, 2x2 and 3x3 unrolled", "",
         MT_ALL_TYPES(pool2d_k02_rows)},
        {"k03_vectors", "a vector searches as many windows at once; the gradient looks places up",
         "", MT_ALL_TYPES(pool2d_k03_vectors)},
    };
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
