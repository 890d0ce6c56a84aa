// The rungs of conv, from the ground up. Nothing else lists them.
#include "cuda/conv/rungs.hpp"

namespace mt {

ConvTable conv_table() {
    static const ConvRung rungs[] = {
        conv::k01_direct,   conv::k02_im2col,    conv::k03_implicit,   conv::k04_implicit_async,
        conv::k05_winograd, conv::k06_depthwise, conv::k07_split_k,    conv::k08_mma,
        conv::k09_mma_tf32, conv::k10_wgmma,     conv::k11_wgmma_tf32,
    };
    return {rungs, sizeof rungs / sizeof *rungs};
}

}  // namespace mt
