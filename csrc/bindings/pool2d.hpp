#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <array>

#include "cpu/pool2d/pool2d.hpp"

namespace mt {

using Pair = std::array<long, 2>;

// Where the windows lie, from the arrays; a window that sees none of the image is refused.
Pool2d pool2d_geometry(const pybind11::array& image, const pybind11::array& windows, Pair window,
                       Pair stride, Pair pad);

void bind_pool2d(pybind11::module_& module, pybind11::dict& rungs);

}  // namespace mt
