#include "bindings/response.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "cpu/response/response.hpp"

namespace mt {
namespace {

using Maybe = std::optional<py::array>;

ResponseTable active_table() {
#define MT_ROW(ISA, can_run) ISA::response_table,
    static constexpr ResponseTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

template <class T>
void run(const std::string& rung, const py::array& x, py::array& y, const Maybe& g, double alpha,
         double k, double beta, long n) {
    check<T>("x", x, 3), check<T>("y", y, 3);
    Response<T> d{x.shape(0), x.shape(1), x.shape(2),  n,       alpha,
                  k,          beta,       input<T>(x), nullptr, output<T>(y)};
    check_shape("y", y, {d.outer, d.channels, d.inner});
    if (n < 1 || n % 2 == 0 || !(k > 0))
        throw py::value_error("n must be odd and positive, and k positive");
    auto kernels = std::get<ResponseKernels<T>>(find_rung(active_table(), rung).kernels);
    if (!g) return launch([=] { kernels.fwd(d, num_threads()); });
    check<T>("g", *g, 3), check_shape("g", *g, {d.outer, d.channels, d.inner});
    d.g = input<T>(*g);
    launch([=] { kernels.back(d, num_threads()); });
}

}  // namespace

void bind_response(py::module_& module, py::dict& rungs) {
    rungs["response"] = describe(active_table());
    module.def(
        "response",
        [](const std::string& rung, const py::array& x, py::array y, const Maybe& g, double alpha,
           double k, double beta, long n) {
            (holds<double>(x) ? run<double> : run<float>)(rung, x, y, g, alpha, k, beta, n);
        },
        py::arg("rung"), py::arg("x"), py::arg("y"), py::arg("g") = py::none(), py::kw_only(),
        py::arg("alpha"), py::arg("k"), py::arg("beta"), py::arg("n"),
        "Fill y with x (outer, channels, inner), normalised; or, given g, with the gradient.");
}

}  // namespace mt
