#pragma once

#include <pybind11/pybind11.h>

namespace mt {

void bind_response(pybind11::module_& module, pybind11::dict& rungs);

}  // namespace mt
