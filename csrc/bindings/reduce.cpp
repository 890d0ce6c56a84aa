#include "bindings/reduce.hpp"

#include <pybind11/stl.h>

#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "cpu/reduce/reduce.hpp"

namespace mt {
namespace {

ReduceTable active_table() {
#define MT_ROW(ISA, can_run) ISA::reduce_table,
    static constexpr ReduceTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

// Adds an axis behind the others, or joins it to the last one where that continues it.
void append(Axes& axes, long length, long stride) {
    if (length == 1) return;
    if (axes.count && axes.strides[axes.count - 1] == stride * length) {
        axes.lengths[axes.count - 1] *= length, axes.strides[axes.count - 1] = stride;
        return;
    }
    axes.add(length, stride);
}

template <class T>
void sum_typed(const ReduceKernels& kernels, const py::array& x, const std::vector<int>& axes,
               double divisor, py::array& y) {
    check<T>("y", y, static_cast<int>(y.ndim()));
    std::vector<bool> is_summed(x.ndim(), false);
    for (int axis : axes) {
        if (axis < 0 || axis >= x.ndim() || is_summed[axis])
            throw py::value_error("x " + shape_text(x) + " is not summed over these axes");
        is_summed[axis] = true;
    }
    Sum s;
    for (int k = 0; k < x.ndim(); k++) {
        if (x.strides(k) % x.itemsize()) throw py::value_error("x lies between its elements");
        append(is_summed[k] ? s.summed : s.kept, x.shape(k), x.strides(k) / x.itemsize());
    }
    if (y.size() != s.kept.size())
        throw py::value_error("y has the shape " + shape_text(y) + ", it does not hold the sums");
    const T* from = input<T>(x);
    T* to = output<T>(y);
    launch([=] {
        if constexpr (sizeof(T) == 4)
            kernels.f32(s, divisor, num_threads(), from, to);
        else
            kernels.f64(s, divisor, num_threads(), from, to);
    });
}

void sum(const std::string& rung, const py::array& x, const std::vector<int>& axes, double divisor,
         py::array y) {
    if (x.ndim() > MAX_SUM_AXES) throw py::value_error("at most 8 axes are summed");
    if (!(x.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_))
        throw py::value_error("x must be aligned");
    const auto& kernels = find_rung(active_table(), rung).kernels;
    if (holds<double>(x)) return sum_typed<double>(kernels, x, axes, divisor, y);
    if (!holds<float>(x)) throw py::type_error("float32 and float64 are summed");
    sum_typed<float>(kernels, x, axes, divisor, y);
}

}  // namespace

void bind_reduce(py::module_& module, py::dict& rungs) {
    rungs["reduce"] = describe(active_table());
    module.def("sum", sum, py::arg("rung"), py::arg("x"), py::arg("axes"), py::arg("divisor"),
               py::arg("y"), "Fill y with the sums of x over some axes, divided by a number.");
}

}  // namespace mt
