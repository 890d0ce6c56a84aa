// What each rung's file offers to the table.
#pragma once

#include "cuda/response/response.hpp"

namespace mt::response {

extern const ResponseRung k01_naive, k02_slide;

}  // namespace mt::response
