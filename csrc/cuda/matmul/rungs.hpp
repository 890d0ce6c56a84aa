// What each rung's file offers to the table.
#pragma once

#include "cuda/matmul/matmul.hpp"

namespace mt::matmul {

extern const MatmulRung k01_naive;

}  // namespace mt::matmul
