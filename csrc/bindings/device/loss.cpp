#include "cuda/loss/loss.hpp"

#include "bindings/device/buffer.hpp"
#include "bindings/device/families.hpp"

namespace mt {

namespace {

const char* const PASSES[] = {"softmax", "log_softmax", "entropy", "back"};

LossPass pass_named(const std::string& pass) {
    for (int i = 0; i < 4; i++)
        if (pass == PASSES[i]) return LossPass(i);
    throw py::value_error("pass is one of softmax, log_softmax, entropy, back, not '" + pass + "'");
}

// A problem on x (outer, classes, inner), with nothing yet of the other arrays.
Loss rows_of(const std::string& pass, const Buffer& x) {
    require_rank(x, 3, 3);
    require_contiguous(x);
    require_countable(x);
    Loss p{};
    p.pass = pass_named(pass);
    p.dtype = x.dtype();
    p.outer = x.dim(0), p.classes = x.dim(1), p.inner = x.dim(2);
    if (p.classes == 0 && p.rows() != 0)
        throw py::value_error("x " + show(x.shape) + " has no classes");
    p.x = x.data;
    return p;
}

void take_labels(Loss& p, const Maybe& labels_) {
    const bool needed = p.pass == LossPass::entropy || p.pass == LossPass::back;
    if (needed != bool(labels_))
        throw py::value_error(std::string("pass '") + PASSES[int(p.pass)] +
                              (needed ? "' needs labels" : "' has no labels"));
    if (!needed) return;
    const Buffer labels = buffer("labels", *labels_);
    if (labels.type != "i8" && labels.type != "i4")
        throw py::type_error("labels must be int64 or int32, got '" + labels.type + "'");
    require_shape(labels, {p.outer, p.inner});
    require_contiguous(labels);
    p.labels = labels.data, p.wide = labels.type == "i8";
}

void take_g(Loss& p, const Maybe& g_) {
    if ((p.pass == LossPass::back) != bool(g_))
        throw py::value_error("g is for pass 'back', which needs it");
    if (!g_) return;
    const Buffer g = buffer("g", *g_);
    require_dtype(g, p.dtype);
    require_shape(g, {p.outer, p.inner});
    require_contiguous(g);
    p.g = g.data;
}

}  // namespace

void bind_loss(py::module_& module, py::dict& rungs) {
    rungs["loss"] = describe(loss_table());
    module.def(
        "loss",
        [](const std::string& name, const std::string& pass, py::handle x_, py::handle y_,
           const Maybe& labels, const Maybe& g, std::uintptr_t stream) {
            const LossRung& rung = rung_named(loss_table(), name, "loss");
            const Buffer x = buffer("x", x_), y = buffer("y", y_);
            Loss p = rows_of(pass, x);
            take_labels(p, labels);
            take_g(p, g);
            require_dtype(y, p.dtype);
            p.pass == LossPass::entropy ? require_shape(y, {p.outer, p.inner})
                                        : require_shape(y, x.shape);
            require_output(y);
            p.y = y.data;
            p.stream = as_stream(stream);
            if (std::string reason = rung.supports(p); !reason.empty())
                throw py::value_error("loss " + name + ": " + reason);
            if (p.rows() == 0) return;
            py::gil_scoped_release released;
            rung.run(p);
        },
        py::arg("rung"), py::arg("pass_"), py::arg("x"), py::arg("y"),
        py::arg("labels") = py::none(), py::arg("g") = py::none(), py::arg("stream") = 0,
        "Fill y with softmax, log_softmax, cross-entropy or its gradient, of x along its axis 1.");
    module.def(
        "loss_supports",
        [](const std::string& name, const std::string& pass, py::handle x) {
            return rung_named(loss_table(), name, "loss").supports(rows_of(pass, buffer("x", x)));
        },
        py::arg("rung"), py::arg("pass_"), py::arg("x"), "Why the rung can't do this, or \"\".");
}

}  // namespace mt
