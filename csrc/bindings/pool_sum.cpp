#include "bindings/pool_sum.hpp"

#include <pybind11/stl.h>

#include <array>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "bindings/pool2d.hpp"
#include "common/parallel.hpp"
#include "cpu/pool_sum/pool_sum.hpp"

namespace mt {
namespace {

PoolSumTable active_table() {
#define MT_ROW(ISA, can_run) ISA::pool_sum_table,
    static constexpr PoolSumTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

PoolMean mean_named(const std::string& mean) {
    const char* const names[] = {"none", "image", "padded"};
    for (int i = 0; i < 3; i++)
        if (mean == names[i]) return PoolMean(i);
    throw py::value_error("mean is one of none, image, padded, not '" + mean + "'");
}

// x is the image, y the windows; `back` fills x.
template <class T>
void run(bool back, const std::string& rung, py::array& x, py::array& y, Pair window, Pair stride,
         Pair pad, Pair pad_after, const std::string& mean) {
    check<T>("x", x, 4), check<T>("y", y, 4);
    check_shape("y", y, {x.shape(0), x.shape(1), y.shape(2), y.shape(3)});
    PoolSum d{pool2d_geometry(x, y, window, stride, pad), pad_after[0], pad_after[1],
              mean_named(mean)};
    if (d.after_h < 0 || d.after_w < 0) throw py::value_error("pad must not be negative");
    auto kernels = std::get<PoolSumKernels<T>>(find_rung(active_table(), rung).kernels);
    if (back) {
        auto* from = input<T>(y);
        auto* to = output<T>(x);
        return launch([=] { kernels.unsum(d, num_threads(), from, to); });
    }
    auto* from = input<T>(x);
    auto* to = output<T>(y);
    launch([=] { kernels.sum(d, num_threads(), from, to); });
}

template <bool BACK>
void bind(py::module_& module, const char* name, const char* what) {
    module.def(
        name,
        [](const std::string& rung, py::array x, py::array y, Pair window, Pair stride, Pair pad,
           Pair pad_after, const std::string& mean) {
            (holds<double>(x) ? run<double> : run<float>)(BACK, rung, x, y, window, stride, pad,
                                                          pad_after, mean);
        },
        py::arg("rung"), py::arg("x"), py::arg("y"), py::arg("window"), py::arg("stride"),
        py::arg("pad"), py::arg("pad_after"), py::arg("mean"), what);
}

}  // namespace

void bind_pool_sum(py::module_& module, py::dict& rungs) {
    rungs["pool_sum"] = describe(active_table());
    bind<false>(module, "pool_sum", "Fill y with the sums or means of x's windows.");
    bind<true>(module, "pool_unsum", "Fill x with what its elements get from the windows y.");
}

}  // namespace mt
