#include "bindings/vmath.hpp"

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "cpu/vmath/vmath.hpp"

namespace mt {
namespace {

MathTable active_table() {
#define MT_ROW(ISA, can_run) ISA::math_table,
    static constexpr MathTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

template <class T>
void vmath(const std::string& name, const py::array& x, py::array& y) {
    check<T>("x", x, 1), check<T>("y", y, 1), check_shape("y", y, {x.shape(0)});
    const auto function = std::get<MathFunction<T>>(find_rung(active_table(), name).functions);
    const long count = x.shape(0);
    const T* from = input<T>(x);
    T* to = output<T>(y);
    launch([=] { function(count, from, to); });
}

}  // namespace

void bind_vmath(py::module_& module) {
    module.def(
        "vmath",
        [](const std::string& name, const py::array& x, py::array y) {
            (holds<double>(x) ? vmath<double> : vmath<float>)(name, x, y);
        },
        py::arg("name"), py::arg("x"), py::arg("y"),
        "Fill y with exp, log, tanh or sigmoid of x, as kernels compute it; for tests.");
}

}  // namespace mt
