#pragma once

#include <pybind11/pybind11.h>

#include "cpu/conv2d/conv2d.hpp"

namespace mt {

Conv2dTable active_conv2d();  // of the instruction set that is used

void bind_conv2d(pybind11::module_& module, pybind11::dict& rungs);

}  // namespace mt
