// minitorch._cpu: the kernels of csrc/cpu for Python. Bindings convert, check and release the
// GIL; they compute nothing and allocate nothing but working memory that is kept.
#include <pybind11/pybind11.h>

#include "bindings/conv2d.hpp"
#include "bindings/conv3d.hpp"
#include "bindings/elementwise.hpp"
#include "bindings/embedding.hpp"
#include "bindings/gru.hpp"
#include "bindings/isa.hpp"
#include "bindings/loss.hpp"
#include "bindings/lstm.hpp"
#include "bindings/matmul.hpp"
#include "bindings/memory.hpp"
#include "bindings/norm.hpp"
#include "bindings/pool2d.hpp"
#include "bindings/pool_sum.hpp"
#include "bindings/program.hpp"
#include "bindings/random.hpp"
#include "bindings/reduce.hpp"
#include "bindings/response.hpp"
#include "bindings/update.hpp"
#include "bindings/vmath.hpp"
#include "common/parallel.hpp"

namespace py = pybind11;

PYBIND11_MODULE(_cpu, module) {
    module.doc() = "minitorch's CPU kernels.";
    py::dict rungs;
    mt::bind_isa(module);
    mt::bind_memory(module);
    mt::bind_program(module);
    mt::bind_elementwise(module);
    mt::bind_conv2d(module, rungs);
    mt::bind_conv3d(module);
    mt::bind_embedding(module, rungs);
    mt::bind_gru(module, rungs);
    mt::bind_lstm(module, rungs);
    mt::bind_matmul(module, rungs);
    mt::bind_reduce(module, rungs);
    mt::bind_loss(module, rungs);
    mt::bind_norm(module, rungs);
    mt::bind_pool2d(module, rungs);
    mt::bind_pool_sum(module, rungs);
    mt::bind_random(module, rungs);
    mt::bind_response(module, rungs);
    mt::bind_update(module, rungs);
    mt::bind_vmath(module);
    module.attr("rungs") = rungs;  // family -> [(name, idea, needs), ...] from the ground up
    module.def("num_threads", mt::num_threads, "How many threads the kernels may use.");
    module.def(
        "set_num_threads",
        [](int count) {
            if (count < 1 || count > 1024)
                throw py::value_error("the number of threads must be 1 to 1024, got " +
                                      std::to_string(count));
            mt::set_num_threads(count);
        },
        py::arg("count"), "Set how many threads the kernels may use.");
}
