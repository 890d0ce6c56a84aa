#include "bindings/random.hpp"

#include <pybind11/stl.h>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "cpu/random/random.hpp"

namespace mt {
namespace {

RandomTable active_table() {
#define MT_ROW(ISA, can_run) ISA::random_table,
    static constexpr RandomTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

template <class T>
void run(const std::string& rung, Random<T> d, const py::array& x, py::array& y) {
    check<T>("x", x, 3), check<T>("y", y, 3);
    d.before = x.shape(0), d.shared = x.shape(1), d.after = x.shape(2);
    check_shape("y", y, {d.before, d.shared, d.after});
    if (d.pass == RandomPass::noise && d.shared != 1)
        throw py::value_error("every element has noise of its own, x is " + shape_text(x));
    d.x = input<T>(x), d.y = output<T>(y);
    auto kernels = std::get<RandomKernels<T>>(find_rung(active_table(), rung).kernels);
    launch([=] { kernels.run(d, num_threads()); });
}

}  // namespace

void bind_random(py::module_& module, py::dict& rungs) {
    rungs["random"] = describe(active_table());
    module.def(
        "dropout",
        [](const std::string& rung, const py::array& x, py::array y, std::uint64_t seed,
           std::uint64_t offset, std::uint64_t threshold, double divisor) {
            auto call = [&](auto d) {
                d.pass = RandomPass::dropout, d.seed = seed, d.offset = offset;
                d.threshold = threshold, d.divisor = divisor;
                run(rung, d, x, y);
            };
            holds<double>(x) ? call(Random<double>{}) : call(Random<float>{});
        },
        py::arg("rung"), py::arg("x"), py::arg("y"), py::arg("seed"), py::arg("offset"),
        py::arg("threshold"), py::arg("divisor"),
        "Fill y with x / divisor where a number of the stream is at least threshold, else 0; "
        "elements that differ in the second axis alone have one number.");
    module.def(
        "noise",
        [](const std::string& rung, const py::array& x, py::array y, std::uint64_t seed,
           std::uint64_t offset, double spread) {
            auto call = [&](auto d) {
                d.pass = RandomPass::noise, d.seed = seed, d.offset = offset, d.spread = spread;
                run(rung, d, x, y);
            };
            holds<double>(x) ? call(Random<double>{}) : call(Random<float>{});
        },
        py::arg("rung"), py::arg("x"), py::arg("y"), py::arg("seed"), py::arg("offset"),
        py::arg("spread"), "Fill y with x and normal numbers of this standard deviation.");
}

}  // namespace mt
