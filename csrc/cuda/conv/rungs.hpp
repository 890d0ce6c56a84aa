// What each rung's file offers to the table.
#pragma once

#include "cuda/conv/conv.hpp"

namespace mt::conv {

extern const ConvRung k01_direct, k02_im2col, k03_implicit, k04_implicit_async, k05_winograd,
    k06_depthwise, k07_split_k, k08_mma, k09_mma_tf32, k10_wgmma, k11_wgmma_tf32;

}  // namespace mt::conv
