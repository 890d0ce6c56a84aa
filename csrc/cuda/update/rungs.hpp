// What each rung's file offers to the table.
#pragma once

#include "cuda/update/update.hpp"

namespace mt::update {

extern const UpdateRung k01_naive, k02_packs;

}  // namespace mt::update
