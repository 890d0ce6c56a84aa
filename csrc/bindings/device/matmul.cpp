#include "cuda/matmul/matmul.hpp"

#include "bindings/device/buffer.hpp"
#include "bindings/device/families.hpp"

namespace mt {

namespace {

Matrix matrix(const Buffer& b) {
    bool batched = b.shape.size() == 3;
    std::size_t row = batched ? 1 : 0;
    // A batch of one, or a matrix without the axis, repeats.
    long long batch = batched && b.dim(0) > 1 ? b.strides[0] : 0;
    Matrix m{b.data, batch, b.strides[row], b.strides[row + 1]};
    // Nobody takes a step along an axis of one element: its stride is what suits the kernels best.
    const bool one_row = b.dim(row) <= 1, one_column = b.dim(row + 1) <= 1;
    auto aligned = [](long long count) { return (count + 15) / 16 * 16; };
    if (one_row && (m.row_major() || one_column))
        m.row = aligned(b.dim(row + 1)), m.column = 1;
    else if (one_column && m.column_major())
        m.column = aligned(b.dim(row));
    else if (one_column)
        m.column = 1;
    else if (one_row)
        m.row = 1;
    return m;
}

// The product of a and b, with nothing yet of where it goes.
Matmul product(const Buffer& a, const Buffer& b) {
    for (const Buffer* each : {&a, &b}) {
        require_rank(*each, 2, 3);
        require_countable(*each);
    }
    Matmul p{};
    p.dtype = a.dtype();
    require_dtype(b, p.dtype);
    auto batch = [](const Buffer& m) { return m.shape.size() == 3 ? m.dim(0) : 1; };
    p.batch = batch(a) == 1 ? batch(b) : batch(a);
    if (batch(b) != 1 && batch(b) != p.batch)
        throw py::value_error("a and b are batches of " + std::to_string(batch(a)) + " and " +
                              std::to_string(batch(b)) + " matrices");
    p.M = a.shape[a.shape.size() - 2], p.K = a.shape.back(), p.N = b.shape.back();
    if (b.shape[b.shape.size() - 2] != p.K)
        throw py::value_error("a " + show(a.shape) + " has " + std::to_string(p.K) +
                              " columns, b " + show(b.shape) + " must have as many rows");
    p.a = matrix(a), p.b = matrix(b);
    if (p.K <= 1 && p.N <= 1) std::swap(p.b.row, p.b.column);  // b's single element is a column
    return p;
}

void add_epilogue(Matmul& p, const Maybe& bias_, const Maybe& residual_, bool relu) {
    auto take = [&](const char* name, const Maybe& given, const std::vector<long long>& shape) {
        if (!given) return (const void*)nullptr;
        Buffer b = buffer(name, *given);
        require_dtype(b, p.dtype);
        require_shape(b, shape);
        require_contiguous(b);
        return (const void*)b.data;
    };
    p.bias = take("bias", bias_, {p.N});
    p.residual = take("residual", residual_, {p.batch, p.M, p.N});
    p.relu = relu;
}

}  // namespace

void bind_matmul(py::module_& module, py::dict& rungs) {
    rungs["matmul"] = describe(matmul_table());
    module.def(
        "matmul",
        [](const std::string& name, py::handle a, py::handle b, py::handle y, const Maybe& bias,
           const Maybe& residual, bool relu, const Maybe& workspace, std::uintptr_t stream) {
            const MatmulRung& rung = rung_named(matmul_table(), name, "matmul");
            Matmul p = product(buffer("a", a), buffer("b", b));
            Buffer out = buffer("y", y);
            require_dtype(out, p.dtype);
            require_shape(out, {p.batch, p.M, p.N});
            require_output(out);
            p.y = out.data;
            add_epilogue(p, bias, residual, relu);
            p.stream = as_stream(stream);
            if (std::string reason = rung.supports(p); !reason.empty())
                throw py::value_error("matmul " + name + ": " + reason);
            p.workspace = require_workspace(workspace, rung.workspace(p));
            if (out.size() == 0) return;
            py::gil_scoped_release released;
            rung.run(p);
        },
        py::arg("rung"), py::arg("a"), py::arg("b"), py::arg("y"), py::arg("bias") = py::none(),
        py::arg("residual") = py::none(), py::arg("relu") = false,
        py::arg("workspace") = py::none(), py::arg("stream") = 0,
        "Fill y (batch, M, N) with the product of a (M, K) or (batch, M, K) and b.");
    module.def(
        "matmul_supports",
        [](const std::string& name, py::handle a, py::handle b) {
            return rung_named(matmul_table(), name, "matmul")
                .supports(product(buffer("a", a), buffer("b", b)));
        },
        py::arg("rung"), py::arg("a"), py::arg("b"), "Why the rung can't do this, or \"\".");
    module.def(
        "matmul_workspace",
        [](const std::string& name, py::handle a, py::handle b) {
            return rung_named(matmul_table(), name, "matmul")
                .workspace(product(buffer("a", a), buffer("b", b)));
        },
        py::arg("rung"), py::arg("a"), py::arg("b"), "Bytes of workspace that the rung needs.");
}

}  // namespace mt
