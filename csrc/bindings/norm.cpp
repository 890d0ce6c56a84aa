#include "bindings/norm.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "cpu/norm/norm.hpp"

namespace mt {
namespace {

using Maybe = std::optional<py::array>;

NormTable active_table() {
#define MT_ROW(ISA, can_run) ISA::norm_table,
    static constexpr NormTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

// x as outer x channels x inner.
template <class T>
Norm problem(const py::array& x, double epsilon) {
    check<T>("x", x, 3);
    if (!x.size()) throw py::value_error("x is empty, its shape is " + shape_text(x));
    return {x.shape(0), x.shape(1), x.shape(2), epsilon};
}

// An array of x's shape, or null.
template <class T>
const T* like_x(const char* name, const Maybe& a, const Norm& d) {
    if (!a) return nullptr;
    check<T>(name, *a, 3), check_shape(name, *a, {d.outer, d.channels, d.inner});
    return input<T>(*a);
}

// One value per channel, or null.
template <class T>
const T* per_channel(const char* name, const Maybe& a, const Norm& d) {
    if (!a) return nullptr;
    check<T>(name, *a, 1), check_shape(name, *a, {d.channels});
    return input<T>(*a);
}

template <class T>
T* per_channel(const char* name, Maybe& a, const Norm& d) {
    if (!per_channel<T>(name, const_cast<const Maybe&>(a), d)) return nullptr;
    return output<T>(*a);
}

template <class T>
void fwd(const std::string& rung, const py::array& x, const Maybe& gamma, const Maybe& beta,
         py::array& y, Maybe mean, Maybe inv_std, double epsilon, const Maybe& add, bool relu) {
    Norm d = problem<T>(x, epsilon);
    d.relu = relu;
    const T* more = like_x<T>("add", add, d);
    check<T>("y", y, 3), check_shape("y", y, {d.outer, d.channels, d.inner});
    auto kernels = std::get<NormKernels<T>>(find_rung(active_table(), rung).kernels);
    auto *from = input<T>(x), *scale = per_channel<T>("gamma", gamma, d);
    auto* shift = per_channel<T>("beta", beta, d);
    auto *to = output<T>(y), *middle = per_channel<T>("mean", mean, d);
    auto* spread = per_channel<T>("inv_std", inv_std, d);
    launch([=] { kernels.fwd(d, num_threads(), from, scale, shift, more, to, middle, spread); });
}

template <class T>
void back(const std::string& rung, const py::array& g, const py::array& x, const Maybe& mean,
          const Maybe& inv_std, const Maybe& gamma, const Maybe& g_mean, const Maybe& g_inv_std,
          Maybe& dx, Maybe& dgamma, Maybe& dbeta) {
    Norm d = problem<T>(x, 0);
    check<T>("g", g, 3), check_shape("g", g, {d.outer, d.channels, d.inner});
    if (dx) check<T>("dx", *dx, 3), check_shape("dx", *dx, {d.outer, d.channels, d.inner});
    NormInputs<T> in{input<T>(g),
                     input<T>(x),
                     per_channel<T>("mean", mean, d),
                     per_channel<T>("inv_std", inv_std, d),
                     per_channel<T>("gamma", gamma, d),
                     per_channel<T>("g_mean", g_mean, d),
                     per_channel<T>("g_inv_std", g_inv_std, d)};
    auto kernels = std::get<NormKernels<T>>(find_rung(active_table(), rung).kernels);
    T *to = dx ? output<T>(*dx) : nullptr, *scale = per_channel<T>("dgamma", dgamma, d);
    T* shift = per_channel<T>("dbeta", dbeta, d);
    launch([=] { kernels.back(d, num_threads(), in, to, scale, shift); });
}

}  // namespace

void bind_norm(py::module_& module, py::dict& rungs) {
    rungs["norm"] = describe(active_table());
    module.def(
        "norm_fwd",
        [](const std::string& rung, const py::array& x, const Maybe& gamma, const Maybe& beta,
           py::array y, const py::array& mean, const py::array& inv_std, double epsilon,
           const Maybe& add, bool relu) {
            (holds<double>(x) ? fwd<double> : fwd<float>)(rung, x, gamma, beta, y, mean, inv_std,
                                                          epsilon, add, relu);
        },
        py::arg("rung"), py::arg("x"), py::arg("gamma"), py::arg("beta"), py::arg("y"),
        py::arg("mean"), py::arg("inv_std"), py::arg("epsilon"), py::arg("add") = py::none(),
        py::arg("relu") = false,
        "Fill y with x (outer, channels, inner), normalised, plus add, rectified; mean and inv_std "
        "with one value each.");
    module.def(
        "norm_back",
        [](const std::string& rung, const py::array& g, const py::array& x, const py::array& mean,
           const py::array& inv_std, const Maybe& gamma, const Maybe& g_mean,
           const Maybe& g_inv_std, Maybe dx, Maybe dgamma, Maybe dbeta) {
            (holds<double>(x) ? back<double> : back<float>)(rung, g, x, mean, inv_std, gamma,
                                                            g_mean, g_inv_std, dx, dgamma, dbeta);
        },
        py::arg("rung"), py::arg("g"), py::arg("x"), py::arg("mean"), py::arg("inv_std"),
        py::arg("gamma"), py::arg("g_mean"), py::arg("g_inv_std"), py::arg("dx"), py::arg("dgamma"),
        py::arg("dbeta"), "Fill those of dx, dgamma and dbeta that are given.");
}

}  // namespace mt
