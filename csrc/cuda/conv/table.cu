// The rungs of conv, from the ground up. Nothing else lists them.
#include "cuda/conv/rungs.hpp"

namespace mt {

ConvTable conv_table() {
    static const ConvRung rungs[] = {
        conv::k01_direct,
    };
    return {rungs, sizeof rungs / sizeof *rungs};
}

}  // namespace mt
