// Which variant of the kernels runs: the best that this CPU has, unless another is asked for.
#pragma once

#include <pybind11/pybind11.h>

#include "common/isa.hpp"

namespace mt {

// Position of the active variant in MT_FOR_EACH_ISA.
int active_isa();

void bind_isa(pybind11::module_& module);

}  // namespace mt
