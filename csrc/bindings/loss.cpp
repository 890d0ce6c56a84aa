#include "bindings/loss.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "cpu/loss/loss.hpp"

namespace mt {
namespace {

using Maybe = std::optional<py::array>;

LossTable active_table() {
#define MT_ROW(ISA, can_run) ISA::loss_table,
    static constexpr LossTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

LossPass pass_named(const std::string& pass) {
    const char* const names[] = {"softmax", "log_softmax", "entropy", "back"};
    for (int i = 0; i < 4; i++)
        if (pass == names[i]) return LossPass(i);
    throw py::value_error("pass is one of softmax, log_softmax, entropy, back, not '" + pass + "'");
}

template <class T>
void loss(const std::string& rung, const std::string& pass, const py::array& x, py::array y,
          const Maybe& labels, const Maybe& g) {
    check<T>("x", x, 3);
    Loss<T> d{};
    d.pass = pass_named(pass);
    d.outer = x.shape(0), d.classes = x.shape(1), d.inner = x.shape(2);
    if (!d.classes) throw py::value_error("there are no classes, x is " + shape_text(x));
    const bool by_label = d.pass == LossPass::entropy || d.pass == LossPass::back;
    if (bool(labels) != by_label || bool(g) != (d.pass == LossPass::back))
        throw py::value_error("entropy takes labels, back takes labels and g, no other pass does");
    if (labels) {
        d.wide = holds<std::int64_t>(*labels);
        d.wide ? check<std::int64_t>("labels", *labels, 2)
               : check<std::int32_t>("labels", *labels, 2);
        check_shape("labels", *labels, {d.outer, d.inner});
        d.labels = labels->data();
    }
    if (g) {
        check<T>("g", *g, 2), check_shape("g", *g, {d.outer, d.inner});
        d.g = input<T>(*g);
    }
    if (d.pass == LossPass::entropy)
        check<T>("y", y, 2), check_shape("y", y, {d.outer, d.inner});
    else
        check<T>("y", y, 3), check_shape("y", y, {d.outer, d.classes, d.inner});
    d.x = input<T>(x), d.y = output<T>(y);
    auto kernels = std::get<LossKernels<T>>(find_rung(active_table(), rung).kernels);
    launch([=] { kernels.run(d, num_threads()); });
}

}  // namespace

void bind_loss(py::module_& module, py::dict& rungs) {
    rungs["loss"] = describe(active_table());
    module.def(
        "loss",
        [](const std::string& rung, const std::string& pass, const py::array& x, const py::array& y,
           const Maybe& labels, const Maybe& g) {
            (holds<double>(x) ? loss<double> : loss<float>)(rung, pass, x, y, labels, g);
        },
        py::arg("rung"), py::arg("pass"), py::arg("x"), py::arg("y"),
        py::arg("labels") = py::none(), py::arg("g") = py::none(),
        "Fill y by one of the passes softmax, log_softmax, entropy, back over x's second axis.");
}

}  // namespace mt
