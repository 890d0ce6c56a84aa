#include "bindings/conv2d.hpp"

#include <pybind11/stl.h>

#include <array>
#include <optional>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "common/scratch.hpp"
#include "cpu/conv2d/conv2d.hpp"

namespace mt {

Conv2dTable active_conv2d() {
#define MT_ROW(ISA, can_run) ISA::conv2d_table,
    static constexpr Conv2dTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

namespace {

using Pair = std::array<long, 2>;

// The static arguments of a convolution; pad is what lies before the image.
struct Settings {
    Pair stride, pad, dilation;
    long groups;
};

// The geometry of a convolution, from its three arrays, which must fit each other.
template <class T>
Conv2d geometry(const py::array& x, const py::array& w, const py::array& y, const Settings& s) {
    check<T>("x", x, 4), check<T>("w", w, 4), check<T>("y", y, 4);
    Conv2d d{x.shape(0), x.shape(1),    x.shape(2),    x.shape(3),  w.shape(0),  w.shape(2),
             w.shape(3), y.shape(2),    y.shape(3),    s.stride[0], s.stride[1], s.pad[0],
             s.pad[1],   s.dilation[0], s.dilation[1], s.groups};
    if (d.stride_h < 1 || d.stride_w < 1 || d.dilation_h < 1 || d.dilation_w < 1 || d.groups < 1 ||
        d.pad_h < 0 || d.pad_w < 0)
        throw py::value_error(
            "stride, dilation and groups must be positive, pad must not be negative");
    if (d.K % d.groups || w.shape(1) * d.groups != d.C || d.K * d.R * d.S * d.C == 0)
        throw py::value_error("x " + shape_text(x) + " and w " + shape_text(w) +
                              " do not fit with groups=" + std::to_string(d.groups));
    check_shape("y", y, {d.N, d.K, d.P, d.Q});
    return d;
}

template <class T>
const Conv2dKernels<T>& kernels(const std::string& name, const Conv2d& d) {
    const Conv2dRung& rung = find_rung(active_conv2d(), name);
    if (!rung.fits(d)) throw py::value_error(name + " needs " + rung.needs);
    return std::get<Conv2dKernels<T>>(rung.kernels);
}

template <class T>
void fwd(const std::string& rung, const py::array& x, const py::array& w,
         const std::optional<py::array>& b, py::array& y, const Settings& s, bool relu) {
    Conv2d d = geometry<T>(x, w, y, s);
    d.relu = relu;
    if (b) check<T>("b", *b, 1), check_shape("b", *b, {d.K});
    const auto *images = input<T>(x), *filters = input<T>(w), *bias = b ? input<T>(*b) : nullptr;
    auto* to = output<T>(y);
    const auto found = kernels<T>(rung, d);
    launch([=] {
        int threads = num_threads();
        T* scratch = thread_scratch().reserve<T>(found.fwd_scratch(d, threads));
        found.fwd(d, threads, images, filters, bias, to, scratch);
    });
}

template <class T>
void dgrad(const std::string& rung, const py::array& dy, const py::array& w, py::array& dx,
           const Settings& s) {
    Conv2d d = geometry<T>(dx, w, dy, s);
    const auto *from = input<T>(dy), *filters = input<T>(w);
    auto* to = output<T>(dx);
    const auto found = kernels<T>(rung, d);
    launch([=] {
        int threads = num_threads();
        T* scratch = thread_scratch().reserve<T>(found.dgrad_scratch(d, threads));
        found.dgrad(d, threads, from, filters, to, scratch);
    });
}

template <class T>
void wgrad(const std::string& rung, const py::array& x, const py::array& dy, py::array& dw,
           const Settings& s) {
    Conv2d d = geometry<T>(x, dw, dy, s);
    const auto *images = input<T>(x), *from = input<T>(dy);
    auto* to = output<T>(dw);
    const auto found = kernels<T>(rung, d);
    launch([=] {
        int threads = num_threads();
        T* scratch = thread_scratch().reserve<T>(found.wgrad_scratch(d, threads));
        found.wgrad(d, threads, images, from, to, scratch);
    });
}

}  // namespace

void bind_conv2d(py::module_& module, py::dict& rungs) {
    rungs["conv2d"] = describe(active_conv2d());
    module.def(
        "conv2d_fwd",
        [](const std::string& rung, const py::array& x, const py::array& w,
           const std::optional<py::array>& b, py::array y, Pair stride, Pair pad, Pair dilation,
           long groups, bool relu) {
            (holds<double>(x) ? fwd<double> : fwd<float>)(rung, x, w, b, y,
                                                          {stride, pad, dilation, groups}, relu);
        },
        py::arg("rung"), py::arg("x"), py::arg("w"), py::arg("b"), py::arg("y"), py::arg("stride"),
        py::arg("pad"), py::arg("dilation"), py::arg("groups"), py::arg("relu") = false,
        "Fill y with x * w + b, or with max(x * w + b, 0).");
    module.def(
        "conv2d_dgrad",
        [](const std::string& rung, const py::array& dy, const py::array& w, py::array dx,
           Pair stride, Pair pad, Pair dilation, long groups) {
            (holds<double>(dy) ? dgrad<double> : dgrad<float>)(rung, dy, w, dx,
                                                               {stride, pad, dilation, groups});
        },
        py::arg("rung"), py::arg("dy"), py::arg("w"), py::arg("dx"), py::arg("stride"),
        py::arg("pad"), py::arg("dilation"), py::arg("groups"), "Fill dx, given dy.");
    module.def(
        "conv2d_wgrad",
        [](const std::string& rung, const py::array& x, const py::array& dy, py::array dw,
           Pair stride, Pair pad, Pair dilation, long groups) {
            (holds<double>(x) ? wgrad<double> : wgrad<float>)(rung, x, dy, dw,
                                                              {stride, pad, dilation, groups});
        },
        py::arg("rung"), py::arg("x"), py::arg("dy"), py::arg("dw"), py::arg("stride"),
        py::arg("pad"), py::arg("dilation"), py::arg("groups"), "Fill dw, given dy.");
}

}  // namespace mt
