// The kernels with planted faults, for Python.
#pragma once

#include <pybind11/pybind11.h>

namespace mt {

void bind_faults(pybind11::module_& module);

}  // namespace mt
