#include "cuda/update/update.hpp"

#include "bindings/device/buffer.hpp"
#include "bindings/device/families.hpp"

namespace mt {

namespace {

struct Arrays {
    Update u{};
    std::vector<long long> shape;

    const void* read(const char* name, const Maybe& given) {
        if (!given) return nullptr;
        const Buffer b = buffer(name, *given);
        require_dtype(b, u.dtype);
        require_shape(b, shape);
        require_contiguous(b);
        return b.data;
    }
    void* write(const char* name, const Maybe& given) {
        if (given) require_output(buffer(name, *given));
        return const_cast<void*>(read(name, given));
    }
};

UpdateRule rule_named(const std::string& rule) {
    const char* const names[] = {"sgd", "momentum", "nesterov", "adam"};
    for (int i = 0; i < 4; i++)
        if (rule == names[i]) return UpdateRule(i);
    throw py::value_error("rule is one of sgd, momentum, nesterov, adam, not '" + rule + "'");
}

// A rule has all the arrays that it remembers, old and new, and no others.
void require_memory(const Update& u) {
    const bool v = u.rule != UpdateRule::sgd, m = u.rule == UpdateRule::adam;
    if (bool(u.v) != v || bool(u.new_v) != v || bool(u.m) != m || bool(u.new_m) != m)
        throw py::value_error(
            "sgd remembers nothing, momentum and nesterov v, adam v and m: give these and their "
            "new_v and new_m, and no others");
}

void update(const std::string& name, const std::string& rule, py::object p_, py::object g,
            const Maybe& v, const Maybe& m, py::object new_p, const Maybe& new_v,
            const Maybe& new_m, double rate, double momentum, double beta1, double beta2,
            double epsilon, std::uintptr_t stream) {
    const UpdateRung& rung = rung_named(update_table(), name, "update");
    const Buffer p = buffer("p", p_);
    Arrays a;
    a.u.rule = rule_named(rule), a.u.dtype = p.dtype(), a.shape = p.shape;
    a.u.elements = p.size();
    a.u.rate = rate, a.u.momentum = momentum;
    a.u.beta1 = beta1, a.u.beta2 = beta2, a.u.epsilon = epsilon;
    a.u.p = a.read("p", p_), a.u.g = a.read("g", g);
    a.u.v = a.read("v", v), a.u.m = a.read("m", m);
    a.u.new_p = a.write("new_p", new_p);
    a.u.new_v = a.write("new_v", new_v), a.u.new_m = a.write("new_m", new_m);
    a.u.stream = as_stream(stream);
    if (a.u.elements == 0) return;  // empty arrays have no pointers to tell
    require_memory(a.u);
    if (std::string reason = rung.supports(a.u); !reason.empty())
        throw py::value_error("update " + name + ": " + reason);
    py::gil_scoped_release released;
    rung.run(a.u);
}

}  // namespace

void bind_update(py::module_& module, py::dict& rungs) {
    rungs["update"] = describe(update_table());
    module.def("update", update, py::arg("rung"), py::arg("rule"), py::arg("p"), py::arg("g"),
               py::arg("v") = py::none(), py::arg("m") = py::none(), py::kw_only(),
               py::arg("new_p"), py::arg("new_v") = py::none(), py::arg("new_m") = py::none(),
               py::arg("rate"), py::arg("momentum") = 0.0, py::arg("beta1") = 0.0,
               py::arg("beta2") = 0.0, py::arg("epsilon") = 0.0, py::arg("stream") = 0,
               "One step of a rule; new values may be written over the old ones.");
}

}  // namespace mt
