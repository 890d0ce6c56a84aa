#include "cuda/norm/norm.hpp"

#include "bindings/device/buffer.hpp"
#include "bindings/device/families.hpp"

namespace mt {

namespace {

// A problem on x (outer, channels, inner), with nothing yet of the other arrays.
Norm normalisation(NormPass pass, const Buffer& x) {
    require_rank(x, 3, 3);
    require_contiguous(x);
    require_countable(x);
    if (x.size() == 0) throw py::value_error("x " + show(x.shape) + " is empty, it has no mean");
    Norm p{};
    p.pass = pass;
    p.dtype = x.dtype();
    p.outer = x.dim(0), p.channels = x.dim(1), p.inner = x.dim(2);
    p.x = x.data;
    return p;
}

// The pointer of an array as x, or of one element per channel.
const void* take(const Norm& p, const char* name, const Maybe& given, bool whole, bool output) {
    if (!given) return nullptr;
    const Buffer b = buffer(name, *given);
    require_dtype(b, p.dtype);
    require_shape(b, whole ? std::vector<long long>{p.outer, p.channels, p.inner}
                           : std::vector<long long>{p.channels});
    output ? require_output(b) : require_contiguous(b);
    return b.data;
}
void* output(const Norm& p, const char* name, const Maybe& given, bool whole) {
    return const_cast<void*>(take(p, name, given, whole, true));
}

void go(Norm& p, const NormRung& rung, const Maybe& workspace, std::uintptr_t stream) {
    p.stream = as_stream(stream);
    if (std::string reason = rung.supports(p); !reason.empty())
        throw py::value_error("norm " + std::string(rung.text.name) + ": " + reason);
    p.workspace = require_workspace(workspace, rung.workspace(p));
    py::gil_scoped_release released;
    rung.run(p);
}

void fwd(const std::string& name, py::object x, const Maybe& gamma, const Maybe& beta, py::object y,
         py::object mean, py::object inv_std, double epsilon, const Maybe& workspace,
         std::uintptr_t stream) {
    const NormRung& rung = rung_named(norm_table(), name, "norm");
    Norm p = normalisation(NormPass::fwd, buffer("x", x));
    p.epsilon = epsilon;
    p.gamma = take(p, "gamma", gamma, false, false);
    p.beta = take(p, "beta", beta, false, false);
    p.y = output(p, "y", y, true);
    p.mean = output(p, "mean", mean, false), p.inv_std = output(p, "inv_std", inv_std, false);
    go(p, rung, workspace, stream);
}

void back(const std::string& name, py::object g, py::object x, const Maybe& gamma, py::object mean,
          py::object inv_std, const Maybe& dx, const Maybe& dgamma, const Maybe& dbeta,
          const Maybe& g_mean, const Maybe& g_inv_std, const Maybe& workspace,
          std::uintptr_t stream) {
    const NormRung& rung = rung_named(norm_table(), name, "norm");
    Norm p = normalisation(NormPass::back, buffer("x", x));
    p.g = take(p, "g", g, true, false);
    p.g_mean = take(p, "g_mean", g_mean, false, false);
    p.g_inv_std = take(p, "g_inv_std", g_inv_std, false, false);
    p.gamma = take(p, "gamma", gamma, false, false);
    p.mean = const_cast<void*>(take(p, "mean", mean, false, false));
    p.inv_std = const_cast<void*>(take(p, "inv_std", inv_std, false, false));
    p.dx = output(p, "dx", dx, true);
    p.dgamma = output(p, "dgamma", dgamma, false), p.dbeta = output(p, "dbeta", dbeta, false);
    go(p, rung, workspace, stream);
}

NormPass pass_named(const std::string& pass) {
    if (pass != "fwd" && pass != "back")
        throw py::value_error("pass is one of fwd, back, not '" + pass + "'");
    return pass == "fwd" ? NormPass::fwd : NormPass::back;
}

}  // namespace

void bind_norm(py::module_& module, py::dict& rungs) {
    rungs["norm"] = describe(norm_table());
    module.def("norm", fwd, py::arg("rung"), py::arg("x"), py::arg("gamma"), py::arg("beta"),
               py::arg("y"), py::arg("mean"), py::arg("inv_std"), py::kw_only(), py::arg("epsilon"),
               py::arg("workspace") = py::none(), py::arg("stream") = 0,
               "Normalise x (outer, channels, inner) over all but the channels into y.");
    module.def("norm_back", back, py::arg("rung"), py::arg("g"), py::arg("x"), py::arg("gamma"),
               py::arg("mean"), py::arg("inv_std"), py::arg("dx"), py::arg("dgamma"),
               py::arg("dbeta"), py::kw_only(), py::arg("g_mean") = py::none(),
               py::arg("g_inv_std") = py::none(), py::arg("workspace") = py::none(),
               py::arg("stream") = 0, "The gradients of norm's y towards x, gamma and beta.");
    module.def(
        "norm_supports",
        [](const std::string& name, const std::string& pass, py::handle x) {
            return rung_named(norm_table(), name, "norm")
                .supports(normalisation(pass_named(pass), buffer("x", x)));
        },
        py::arg("rung"), py::arg("pass_"), py::arg("x"), "Why the rung can't do this, or \"\".");
    module.def(
        "norm_workspace",
        [](const std::string& name, const std::string& pass, py::handle x) {
            return rung_named(norm_table(), name, "norm")
                .workspace(normalisation(pass_named(pass), buffer("x", x)));
        },
        py::arg("rung"), py::arg("pass_"), py::arg("x"), "Bytes of workspace that the rung needs.");
}

}  // namespace mt
