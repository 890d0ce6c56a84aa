// A recorded sequence of kernel calls, for Python.
#pragma once

#include <pybind11/pybind11.h>

namespace mt {

void bind_program(pybind11::module_& module);

}  // namespace mt
