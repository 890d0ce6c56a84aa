// What each rung's file offers to the table.
#pragma once

#include "cuda/norm/norm.hpp"

namespace mt::norm {

extern const NormRung k01_naive, k02_split, k03_resident;

}  // namespace mt::norm
