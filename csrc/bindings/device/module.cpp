// minitorch._cuda and minitorch._emulated: the kernels of csrc/cuda for Python, compiled by nvcc
// and by g++. Bindings convert, check and release the GIL; Python allocates everything.
#include <pybind11/pybind11.h>

#include "bindings/device/families.hpp"

namespace py = pybind11;

PYBIND11_MODULE(MT_MODULE, module) {
    module.doc() = "minitorch's device kernels.";
    py::dict rungs;
    mt::bind_device(module);
    mt::bind_loss(module, rungs);
    mt::bind_matmul(module, rungs);
    mt::bind_norm(module, rungs);
    mt::bind_pool(module, rungs);
    mt::bind_random(module, rungs);
    mt::bind_update(module, rungs);
    module.attr("rungs") = rungs;  // family -> [(name, idea, needs, precision), ...]
}
