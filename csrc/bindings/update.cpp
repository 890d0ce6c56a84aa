#include "bindings/update.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "cpu/update/update.hpp"

namespace mt {
namespace {

using Maybe = std::optional<py::array>;

UpdateTable active_table() {
#define MT_ROW(ISA, can_run) ISA::update_table,
    static constexpr UpdateTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

UpdateRule rule_named(const std::string& rule) {
    const char* const names[] = {"sgd", "momentum", "nesterov", "adam"};
    for (int i = 0; i < 4; i++)
        if (rule == names[i]) return UpdateRule(i);
    throw py::value_error("rule is one of sgd, momentum, nesterov, adam, not '" + rule + "'");
}

struct Arrays {
    py::array p, g;
    Maybe v, m;
    py::array new_p;
    Maybe new_v, new_m;
};

template <class T>
const T* read(const char* name, const Maybe& a, long elements) {
    if (!a) return nullptr;
    check<T>(name, *a, 1), check_shape(name, *a, {elements});
    return input<T>(*a);
}

template <class T>
T* write(const char* name, Maybe a, long elements) {
    return read<T>(name, a, elements) ? output<T>(*a) : nullptr;
}

template <class T>
void step(const std::string& rung, Update<T> u, const Arrays& a) {
    check<T>("p", a.p, 1);
    const long n = u.elements = a.p.shape(0);
    u.p = input<T>(a.p), u.g = read<T>("g", a.g, n);
    u.v = read<T>("v", a.v, n), u.m = read<T>("m", a.m, n);
    u.new_p = write<T>("new_p", a.new_p, n);
    u.new_v = write<T>("new_v", a.new_v, n), u.new_m = write<T>("new_m", a.new_m, n);
    const bool v = u.rule != UpdateRule::sgd, m = u.rule == UpdateRule::adam;
    if (bool(a.v) != v || bool(a.new_v) != v || bool(a.m) != m || bool(a.new_m) != m)
        throw py::value_error(
            "sgd remembers nothing, momentum and nesterov v, adam v and m: give these and their "
            "new_v and new_m, and no others");
    auto kernels = std::get<UpdateKernels<T>>(find_rung(active_table(), rung).kernels);
    launch([=] { kernels.step(u, num_threads()); });
}

}  // namespace

void bind_update(py::module_& module, py::dict& rungs) {
    rungs["update"] = describe(active_table());
    module.def(
        "update",
        [](const std::string& rung, const std::string& rule, const py::array& p, const py::array& g,
           const Maybe& v, const Maybe& m, const py::array& new_p, const Maybe& new_v,
           const Maybe& new_m, double rate, double momentum, double beta1, double beta2,
           double epsilon) {
            const Arrays a{p, g, v, m, new_p, new_v, new_m};
            auto run = [&](auto u) {
                u.rule = rule_named(rule), u.rate = rate, u.momentum = momentum;
                u.beta1 = beta1, u.beta2 = beta2, u.epsilon = epsilon;
                step(rung, u, a);
            };
            holds<double>(p) ? run(Update<double>{}) : run(Update<float>{});
        },
        py::arg("rung"), py::arg("rule"), py::arg("p"), py::arg("g"), py::arg("v") = py::none(),
        py::arg("m") = py::none(), py::kw_only(), py::arg("new_p"), py::arg("new_v") = py::none(),
        py::arg("new_m") = py::none(), py::arg("rate"), py::arg("momentum") = 0.0,
        py::arg("beta1") = 0.0, py::arg("beta2") = 0.0, py::arg("epsilon") = 0.0,
        "One step of a rule; new values may be written over the old ones.");
}

}  // namespace mt
