#include "bindings/pool2d.hpp"

#include <pybind11/stl.h>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"

namespace mt {

Pool2d pool2d_geometry(const py::array& image, const py::array& windows, Pair window, Pair stride,
                       Pair pad) {
    Pool2d d{image.shape(0) * image.shape(1),
             image.shape(2),
             image.shape(3),
             windows.shape(2),
             windows.shape(3),
             window[0],
             window[1],
             stride[0],
             stride[1],
             pad[0],
             pad[1]};
    if (d.R < 1 || d.S < 1 || d.stride_h < 1 || d.stride_w < 1 || d.pad_h < 0 || d.pad_w < 0)
        throw py::value_error("window and stride must be positive, pad must not be negative");
    if (d.pad_h >= d.R || d.pad_w >= d.S || (d.P - 1) * d.stride_h - d.pad_h >= d.H ||
        (d.Q - 1) * d.stride_w - d.pad_w >= d.W)
        throw py::value_error("some windows would see none of the image");
    return d;
}

namespace {

Pool2dTable active_table() {
#define MT_ROW(ISA, can_run) ISA::pool2d_table,
    static constexpr Pool2dTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

template <class T, class I>
void max_typed(const std::string& rung, const py::array& x, py::array& y, py::array& index,
               Pair window, Pair stride, Pair pad) {
    check<T>("x", x, 4), check<T>("y", y, 4), check<I>("index", index, 4);
    check_shape("y", y, {x.shape(0), x.shape(1), y.shape(2), y.shape(3)});
    check_shape("index", index, {y.shape(0), y.shape(1), y.shape(2), y.shape(3)});
    Pool2d d = pool2d_geometry(x, y, window, stride, pad);
    auto kernels = std::get<Pool2dKernels<T, I>>(find_rung(active_table(), rung).kernels);
    auto* from = input<T>(x);
    auto* to = output<T>(y);
    auto* place = output<I>(index);
    launch([=] { kernels.max(d, num_threads(), from, to, place); });
}

template <class T, class I>
void unmax_typed(const std::string& rung, const py::array& y, const py::array& index, py::array& x,
                 Pair window, Pair stride, Pair pad) {
    check<T>("y", y, 4), check<I>("index", index, 4), check<T>("x", x, 4);
    check_shape("index", index, {y.shape(0), y.shape(1), y.shape(2), y.shape(3)});
    check_shape("x", x, {y.shape(0), y.shape(1), x.shape(2), x.shape(3)});
    Pool2d d = pool2d_geometry(x, y, window, stride, pad);
    auto kernels = std::get<Pool2dKernels<T, I>>(find_rung(active_table(), rung).kernels);
    auto* from = input<T>(y);
    auto* place = input<I>(index);
    auto* to = output<T>(x);
    launch([=] { kernels.unmax(d, num_threads(), from, place, to); });
}

// f<T, I> for the dtypes of the values and the indices.
#define MT_BY_TYPE(f, values, places, ...)                                 \
    bool wide = holds<double>(values), byte = holds<std::uint8_t>(places); \
    if (wide && byte) return f<double, std::uint8_t>(__VA_ARGS__);         \
    if (wide) return f<double, std::int32_t>(__VA_ARGS__);                 \
    if (byte) return f<float, std::uint8_t>(__VA_ARGS__);                  \
    f<float, std::int32_t>(__VA_ARGS__)

void max(const std::string& rung, const py::array& x, py::array y, py::array index, Pair window,
         Pair stride, Pair pad) {
    MT_BY_TYPE(max_typed, x, index, rung, x, y, index, window, stride, pad);
}

void unmax(const std::string& rung, const py::array& y, const py::array& index, py::array x,
           Pair window, Pair stride, Pair pad) {
    MT_BY_TYPE(unmax_typed, y, index, rung, y, index, x, window, stride, pad);
}

}  // namespace

void bind_pool2d(py::module_& module, py::dict& rungs) {
    rungs["pool2d"] = describe(active_table());
    module.def("pool2d_max", max, py::arg("rung"), py::arg("x"), py::arg("y"), py::arg("index"),
               py::arg("window"), py::arg("stride"), py::arg("pad"),
               "Fill y and index with the maxima of x's windows and their places.");
    module.def("pool2d_unmax", unmax, py::arg("rung"), py::arg("y"), py::arg("index"), py::arg("x"),
               py::arg("window"), py::arg("stride"), py::arg("pad"),
               "Fill x with y's elements, put back to their places.");
}

}  // namespace mt
