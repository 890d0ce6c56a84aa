#include "bindings/conv3d.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <optional>

#include "bindings/arrays.hpp"
#include "bindings/conv2d.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "common/scratch.hpp"
#include "cpu/conv3d/conv3d.hpp"

namespace mt {
namespace {

using Triple = std::array<long, 3>;

// The static arguments of a convolution; pad is what lies before the volume.
struct Settings {
    Triple stride, pad, dilation;
    long groups;
};

template <class T>
Conv3dKernels<T> kernels() {
#define MT_ROW(ISA, can_run) ISA::conv3d_kernels,
    static constexpr Conv3dTypes (*all[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return std::get<Conv3dKernels<T>>(all[active_isa()]());
}

// The geometry of a convolution, from its three arrays, which must fit each other.
template <class T>
Conv3d geometry(const py::array& x, const py::array& w, const py::array& y, const Settings& s) {
    check<T>("x", x, 5), check<T>("w", w, 5), check<T>("y", y, 5);
    const auto least = [](const Triple& a) { return std::min({a[0], a[1], a[2]}); };
    if (least(s.stride) < 1 || least(s.dilation) < 1 || s.groups < 1 || least(s.pad) < 0)
        throw py::value_error(
            "stride, dilation and groups must be positive, pad must not be negative");
    const long N = x.shape(0), C = x.shape(1), K = w.shape(0), taps = w.shape(2), O = y.shape(2);
    if (K % s.groups || w.shape(1) * s.groups != C || w.size() == 0)
        throw py::value_error("x " + shape_text(x) + " and w " + shape_text(w) +
                              " do not fit with groups=" + std::to_string(s.groups));
    check_shape("y", y, {N, K, O, y.shape(3), y.shape(4)});
    const Conv2d slices{N * O,      C * taps,      x.shape(3),    x.shape(4),
                        K,          w.shape(3),    w.shape(4),    y.shape(3),
                        y.shape(4), s.stride[1],   s.stride[2],   s.pad[1],
                        s.pad[2],   s.dilation[1], s.dilation[2], s.groups};
    return {slices, N, x.shape(2), taps, O, s.stride[0], s.pad[0], s.dilation[0]};
}

template <class T>
Conv2dKernels<T> found(const std::string& name, const Conv3d& d) {
    const Conv2dRung& rung = find_rung(active_conv2d(), name);
    if (!rung.fits(d.slices)) throw py::value_error(name + " needs " + rung.needs);
    return std::get<Conv2dKernels<T>>(rung.kernels);
}

template <class T>
void fwd(const std::string& name, const py::array& x, const py::array& w,
         const std::optional<py::array>& b, py::array& y, const Settings& s, bool relu) {
    Conv3d d = geometry<T>(x, w, y, s);
    d.slices.relu = relu;
    if (b) check<T>("b", *b, 1), check_shape("b", *b, {d.slices.K});
    const auto *volumes = input<T>(x), *filters = input<T>(w), *bias = b ? input<T>(*b) : nullptr;
    auto* to = output<T>(y);
    const auto rung = found<T>(name, d);
    const auto all = kernels<T>();
    launch([=] {
        int threads = num_threads();
        T* scratch = thread_scratch().reserve<T>(all.fwd_scratch(d, rung, threads));
        all.fwd(d, rung, threads, volumes, filters, bias, to, scratch);
    });
}

template <class T>
void dgrad(const std::string& name, const py::array& dy, const py::array& w, py::array& dx,
           const Settings& s) {
    const Conv3d d = geometry<T>(dx, w, dy, s);
    const auto *from = input<T>(dy), *filters = input<T>(w);
    auto* to = output<T>(dx);
    const auto rung = found<T>(name, d);
    const auto all = kernels<T>();
    launch([=] {
        int threads = num_threads();
        T* scratch = thread_scratch().reserve<T>(all.dgrad_scratch(d, rung, threads));
        all.dgrad(d, rung, threads, from, filters, to, scratch);
    });
}

template <class T>
void wgrad(const std::string& name, const py::array& x, const py::array& dy, py::array& dw,
           const Settings& s) {
    const Conv3d d = geometry<T>(x, dw, dy, s);
    const auto *volumes = input<T>(x), *from = input<T>(dy);
    auto* to = output<T>(dw);
    const auto rung = found<T>(name, d);
    const auto all = kernels<T>();
    launch([=] {
        int threads = num_threads();
        T* scratch = thread_scratch().reserve<T>(all.wgrad_scratch(d, rung, threads));
        all.wgrad(d, rung, threads, volumes, from, to, scratch);
    });
}

}  // namespace

void bind_conv3d(py::module_& module) {
    module.def(
        "conv3d_fwd",
        [](const std::string& rung, const py::array& x, const py::array& w,
           const std::optional<py::array>& b, py::array y, Triple stride, Triple pad,
           Triple dilation, long groups, bool relu) {
            (holds<double>(x) ? fwd<double> : fwd<float>)(rung, x, w, b, y,
                                                          {stride, pad, dilation, groups}, relu);
        },
        py::arg("rung"), py::arg("x"), py::arg("w"), py::arg("b"), py::arg("y"), py::arg("stride"),
        py::arg("pad"), py::arg("dilation"), py::arg("groups"), py::arg("relu") = false,
        "Fill y with x * w + b, or with max(x * w + b, 0), by a rung of conv2d.");
    module.def(
        "conv3d_dgrad",
        [](const std::string& rung, const py::array& dy, const py::array& w, py::array dx,
           Triple stride, Triple pad, Triple dilation, long groups) {
            (holds<double>(dy) ? dgrad<double> : dgrad<float>)(rung, dy, w, dx,
                                                               {stride, pad, dilation, groups});
        },
        py::arg("rung"), py::arg("dy"), py::arg("w"), py::arg("dx"), py::arg("stride"),
        py::arg("pad"), py::arg("dilation"), py::arg("groups"), "Fill dx, given dy.");
    module.def(
        "conv3d_wgrad",
        [](const std::string& rung, const py::array& x, const py::array& dy, py::array dw,
           Triple stride, Triple pad, Triple dilation, long groups) {
            (holds<double>(x) ? wgrad<double> : wgrad<float>)(rung, x, dy, dw,
                                                              {stride, pad, dilation, groups});
        },
        py::arg("rung"), py::arg("x"), py::arg("dy"), py::arg("dw"), py::arg("stride"),
        py::arg("pad"), py::arg("dilation"), py::arg("groups"), "Fill dw, given dy.");
}

}  // namespace mt
