// Arrays whose memory comes from the cache, for Python.
#pragma once

#include <pybind11/pybind11.h>

namespace mt {

void bind_memory(pybind11::module_& module);

}  // namespace mt
