// What each rung's file offers to the table.
#pragma once

#include "cuda/conv/conv.hpp"

namespace mt::conv {

extern const ConvRung k01_direct;

}  // namespace mt::conv
