#include "cuda/random/random.hpp"

#include "bindings/device/buffer.hpp"
#include "bindings/device/families.hpp"

namespace mt {

namespace {

// x and y may have any shape, which `layout` = (before, shared, after) must fill.
Random stream_of(RandomPass pass, const Buffer& y, const Maybe& x_, std::uint64_t seed,
                 std::uint64_t offset) {
    Random p{};
    p.pass = pass;
    p.dtype = y.dtype();
    require_output(y);
    p.before = y.size(), p.shared = p.after = 1;
    p.seed = seed, p.offset = offset;
    p.y = y.data;
    if (!x_) return p;
    const Buffer x = buffer("x", *x_);
    require_dtype(x, p.dtype);
    require_shape(x, y.shape);
    require_contiguous(x);
    p.x = x.data;
    return p;
}

void go(Random& p, const RandomRung& rung, std::uintptr_t stream) {
    p.stream = as_stream(stream);
    if (std::string reason = rung.supports(p); !reason.empty())
        throw py::value_error("random " + std::string(rung.text.name) + ": " + reason);
    if (p.elements() == 0) return;
    py::gil_scoped_release released;
    rung.run(p);
}

void dropout(const std::string& name, py::object x, py::object y_, std::uint64_t seed,
             std::uint64_t offset, std::uint64_t threshold, double divisor,
             const std::optional<std::vector<long long>>& layout, std::uintptr_t stream) {
    const RandomRung& rung = rung_named(random_table(), name, "random");
    const Buffer y = buffer("y", y_);
    Random p = stream_of(RandomPass::dropout, y, x, seed, offset);
    p.threshold = threshold, p.divisor = divisor;
    if (layout) {
        const auto& l = *layout;
        if (l.size() != 3 || l[0] < 0 || l[1] < 0 || l[2] < 0 || l[0] * l[1] * l[2] != y.size())
            throw py::value_error("layout must be (before, shared, after) with " +
                                  std::to_string(y.size()) + " elements, got " + show(l));
        p.before = l[0], p.shared = l[1], p.after = l[2];
    }
    go(p, rung, stream);
}

void fill(const std::string& name, const std::string& pass, py::object y, const Maybe& x,
          std::uint64_t seed, std::uint64_t offset, double base, double spread,
          std::uintptr_t stream) {
    if (pass != "uniform" && pass != "normal" && pass != "noise")
        throw py::value_error("pass is one of uniform, normal, noise, not '" + pass + "'");
    if ((pass == "noise") != bool(x))
        throw py::value_error("x is for pass 'noise', which needs it");
    const RandomRung& rung = rung_named(random_table(), name, "random");
    Random p = stream_of(pass == "uniform"  ? RandomPass::uniform
                         : pass == "normal" ? RandomPass::normal
                                            : RandomPass::noise,
                         buffer("y", y), x, seed, offset);
    p.base = base, p.spread = spread;
    go(p, rung, stream);
}

}  // namespace

void bind_random(py::module_& module, py::dict& rungs) {
    rungs["random"] = describe(random_table());
    module.def("dropout", dropout, py::arg("rung"), py::arg("x"), py::arg("y"), py::kw_only(),
               py::arg("seed"), py::arg("offset"), py::arg("threshold"), py::arg("divisor"),
               py::arg("layout") = py::none(), py::arg("stream") = 0,
               "Fill y with x / divisor where its lane is at least the threshold, else with 0.");
    module.def("random_fill", fill, py::arg("rung"), py::arg("pass_"), py::arg("y"),
               py::arg("x") = py::none(), py::kw_only(), py::arg("seed"), py::arg("offset"),
               py::arg("base") = 0.0, py::arg("spread") = 1.0, py::arg("stream") = 0,
               "Fill y with base + spread times uniform or normal numbers, or with x and noise.");
}

}  // namespace mt
