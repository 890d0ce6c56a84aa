#include "cuda/response/response.hpp"

#include "bindings/device/buffer.hpp"
#include "bindings/device/families.hpp"

namespace mt {

namespace {

Response problem(const Buffer& x, int n) {
    require_rank(x, 3, 3);
    require_contiguous(x);
    require_countable(x);
    if (n < 1 || n % 2 == 0)
        throw py::value_error("n must be an odd number of channels, got " + std::to_string(n));
    Response p{};
    p.dtype = x.dtype();
    p.outer = x.dim(0), p.channels = x.dim(1), p.inner = x.dim(2);
    p.n = n;
    p.x = x.data;
    return p;
}

}  // namespace

void bind_response(py::module_& module, py::dict& rungs) {
    rungs["response"] = describe(response_table());
    module.def(
        "response_supports",
        [](const std::string& name, py::handle x, int n) {
            const ResponseRung& rung = rung_named(response_table(), name, "response");
            return rung.supports(problem(buffer("x", x), n));
        },
        py::arg("rung"), py::arg("x"), py::kw_only(), py::arg("n"),
        "\"\" or why a rung can't do this; x as for response().");
    module.def(
        "response",
        [](const std::string& name, py::handle x_, py::handle y_, const Maybe& g_, double alpha,
           double k, double beta, int n, std::uintptr_t stream) {
            const ResponseRung& rung = rung_named(response_table(), name, "response");
            const Buffer x = buffer("x", x_), y = buffer("y", y_);
            Response p = problem(x, n);
            p.pass = g_ ? ResponsePass::back : ResponsePass::fwd;
            p.alpha = alpha, p.k = k, p.beta = beta;
            require_dtype(y, p.dtype);
            require_shape(y, x.shape);
            require_output(y);
            p.y = y.data;
            if (g_) {
                const Buffer g = buffer("g", *g_);
                require_dtype(g, p.dtype);
                require_shape(g, x.shape);
                require_contiguous(g);
                p.g = g.data;
            }
            p.stream = as_stream(stream);
            if (std::string reason = rung.supports(p); !reason.empty())
                throw py::value_error("response " + name + ": " + reason);
            if (p.elements() == 0) return;
            py::gil_scoped_release released;
            rung.run(p);
        },
        py::arg("rung"), py::arg("x"), py::arg("y"), py::arg("g") = py::none(), py::kw_only(),
        py::arg("alpha"), py::arg("k"), py::arg("beta"), py::arg("n"), py::arg("stream") = 0,
        "Fill y with the local response norm of x (outer, channels, inner), or of g its gradient.");
}

}  // namespace mt
