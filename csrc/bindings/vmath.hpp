#pragma once

#include <pybind11/pybind11.h>

namespace mt {

void bind_vmath(pybind11::module_& module);

}  // namespace mt
