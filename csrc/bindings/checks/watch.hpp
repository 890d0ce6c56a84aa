// What the watched build has counted, for Python.
#pragma once

#include <pybind11/pybind11.h>

namespace mt {

void bind_watch(pybind11::module_& module);

}  // namespace mt
