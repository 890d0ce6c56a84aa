// What each rung's file offers to the table.
#pragma once

#include "cuda/loss/loss.hpp"

namespace mt::loss {

extern const LossRung k01_naive, k02_blocks, k03_warps;

}  // namespace mt::loss
