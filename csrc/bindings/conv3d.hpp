#pragma once

#include <pybind11/pybind11.h>

namespace mt {

// The rungs are conv2d's.
void bind_conv3d(pybind11::module_& module);

}  // namespace mt
