// What each rung's file offers to the table.
#pragma once

#include "cuda/random/random.hpp"

namespace mt::random {

extern const RandomRung k01_naive, k02_blocks;

}  // namespace mt::random
