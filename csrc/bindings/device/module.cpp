// minitorch._cuda and minitorch._emulated: the kernels of csrc/cuda for Python, compiled by nvcc
// and by g++. Bindings convert, check and release the GIL; Python allocates everything.
#include <pybind11/pybind11.h>

#include "bindings/device/families.hpp"
#include "emulate/watch.hpp"

#if MT_WATCH
#    include "bindings/checks/faults.hpp"
#    include "bindings/checks/watch.hpp"
#endif

namespace py = pybind11;

PYBIND11_MODULE(MT_MODULE, module) {
    module.doc() = "minitorch's device kernels.";
    py::dict rungs;
    mt::bind_device(module);
    mt::bind_conv(module, rungs);
    mt::bind_loss(module, rungs);
    mt::bind_matmul(module, rungs);
    mt::bind_norm(module, rungs);
    mt::bind_pool(module, rungs);
    mt::bind_random(module, rungs);
    mt::bind_response(module, rungs);
    mt::bind_update(module, rungs);
    mt::bind_probe(module);
    module.attr("rungs") = rungs;  // family -> [(name, idea, needs, precision), ...]
#if MT_WATCH
    mt::bind_faults(module);
    mt::bind_watch(module);
#endif
}
