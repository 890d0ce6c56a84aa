// What each rung's file offers to the table.
#pragma once

#include "cuda/pool/pool.hpp"

namespace mt::pool {

extern const PoolRung k01_naive, k02_outputs, k03_tiles;

}  // namespace mt::pool
