#include "bindings/matmul.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "common/scratch.hpp"
#include "cpu/matmul/matmul.hpp"

namespace mt {
namespace {

MatmulTable active_table() {
#define MT_ROW(ISA, can_run) ISA::matmul_table,
    static constexpr MatmulTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

// An operand may lie anyhow, but on whole elements.
template <class T>
long stride(const char* name, const py::array& x, int axis) {
    if (x.strides(axis) % static_cast<long>(sizeof(T)))
        throw py::value_error(std::string(name) + " has a stride that is no multiple of its dtype");
    return x.strides(axis) / static_cast<long>(sizeof(T));
}

template <class T>
void check_operand(const char* name, const py::array& x, const py::array& y) {
    check_type<T>(name, x);
    if (!(x.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) || x.ndim() != y.ndim())
        throw py::value_error(std::string(name) + " must be aligned and have as many axes as y, " +
                              std::to_string(y.ndim()) + ", its shape is " + shape_text(x));
}

// The strides of the leading axes, of which those of length 1 repeat.
template <class T>
void batch_strides(const char* name, const py::array& x, const py::array& y, Matmul& p,
                   long (&strides)[Matmul::AXES]) {
    const int leading = static_cast<int>(y.ndim()) - 2, skipped = Matmul::AXES - leading;
    for (int axis = 0; axis < leading; axis++) {
        if (x.shape(axis) != 1 && x.shape(axis) != y.shape(axis))
            throw py::value_error(std::string(name) + " " + shape_text(x) + " does not fit y " +
                                  shape_text(y));
        p.batch[skipped + axis] = y.shape(axis);
        strides[skipped + axis] = x.shape(axis) == 1 ? 0 : stride<T>(name, x, axis);
    }
}

template <class T>
Matmul geometry(const py::array& a, const py::array& b, const py::array& y) {
    const int rank = static_cast<int>(y.ndim());
    if (rank < 2 || rank > Matmul::AXES + 2)
        throw py::value_error("y must have 2 to 6 axes, its shape is " + shape_text(y));
    check<T>("y", y, rank), check_operand<T>("a", a, y), check_operand<T>("b", b, y);
    Matmul p{y.shape(rank - 2), y.shape(rank - 1), a.shape(rank - 1), 0, 0, 0, 0,
             {1, 1, 1, 1},      {0, 0, 0, 0},      {0, 0, 0, 0}};
    if (a.shape(rank - 2) != p.m || b.shape(rank - 2) != p.k || b.shape(rank - 1) != p.n)
        throw py::value_error("a " + shape_text(a) + ", b " + shape_text(b) + " and y " +
                              shape_text(y) + " do not fit");
    p.a_row = stride<T>("a", a, rank - 2), p.a_step = stride<T>("a", a, rank - 1);
    p.b_step = stride<T>("b", b, rank - 2), p.b_column = stride<T>("b", b, rank - 1);
    // The stride along an axis of length 1 says nothing, and NumPy leaves anything there.
    if (p.n == 1) p.b_column = 1;
    if (p.m == 1) p.a_row = 1;
    batch_strides<T>("a", a, y, p, p.a_batch), batch_strides<T>("b", b, y, p, p.b_batch);
    return p;
}

// A bias of shape (n,), for each column, or (m, 1), for each row.
template <class T>
Epilogue<T> epilogue(const std::optional<py::array>& bias, const Matmul& p, bool relu,
                     bool accumulate) {
    Epilogue<T> e;
    e.relu = relu, e.accumulate = accumulate;
    if (!bias) return e;
    const bool rows = bias->ndim() == 2;
    check<T>("bias", *bias, rows ? 2 : 1);
    if (rows)
        check_shape("bias", *bias, {p.m, 1});
    else
        check_shape("bias", *bias, {p.n});
    e.bias = input<T>(*bias), e.bias_row = rows, e.bias_column = !rows;
    return e;
}

template <class T>
void matmul(const std::string& rung, const py::array& a, const py::array& b, py::array& y,
            const std::optional<py::array>& bias, bool relu, bool accumulate) {
    const Matmul p = geometry<T>(a, b, y);
    const Epilogue<T> end = epilogue<T>(bias, p, relu, accumulate);
    const auto found = std::get<MatmulKernels<T>>(find_rung(active_table(), rung).kernels);
    const auto *left = input<T>(a), *right = input<T>(b);
    auto* to = output<T>(y);
    launch([=] {
        int threads = num_threads();
        T* scratch = thread_scratch().reserve<T>(found.scratch(p, threads));
        found.run(p, threads, left, right, end, to, scratch);
    });
}

}  // namespace

void bind_matmul(py::module_& module, py::dict& rungs) {
    rungs["matmul"] = describe(active_table());
    module.def(
        "matmul",
        [](const std::string& rung, const py::array& a, const py::array& b, py::array y,
           const std::optional<py::array>& bias, bool relu, bool accumulate) {
            (holds<double>(y) ? matmul<double> : matmul<float>)(rung, a, b, y, bias, relu,
                                                                accumulate);
        },
        py::arg("rung"), py::arg("a"), py::arg("b"), py::arg("y"), py::arg("bias") = py::none(),
        py::arg("relu") = false, py::arg("accumulate") = false,
        "Fill y, or add to it, a @ b (+ bias); a and b may have any strides.");
}

}  // namespace mt
