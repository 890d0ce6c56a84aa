// What each family's file adds to the module.
#pragma once

#include <pybind11/pybind11.h>

namespace mt {

void bind_device(pybind11::module_& module);
void bind_conv(pybind11::module_& module, pybind11::dict& rungs);
void bind_loss(pybind11::module_& module, pybind11::dict& rungs);
void bind_matmul(pybind11::module_& module, pybind11::dict& rungs);
void bind_norm(pybind11::module_& module, pybind11::dict& rungs);
void bind_pool(pybind11::module_& module, pybind11::dict& rungs);
void bind_random(pybind11::module_& module, pybind11::dict& rungs);
void bind_response(pybind11::module_& module, pybind11::dict& rungs);
void bind_update(pybind11::module_& module, pybind11::dict& rungs);
void bind_probe(pybind11::module_& module);

}  // namespace mt
