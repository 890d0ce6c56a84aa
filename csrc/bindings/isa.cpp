#include "bindings/isa.hpp"

#include <pybind11/stl.h>

#include <string>
#include <vector>

namespace py = pybind11;

namespace mt {
namespace {

struct Variant {
    const char* name;
    bool can_run;
};

const std::vector<Variant>& variants() {
#define MT_ROW(ISA, can_run) {#ISA, static_cast<bool>(can_run)},
    static const std::vector<Variant> found = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return found;
}

int best() {
    int i = 0;
    while (!variants()[i].can_run) i++;
    return i;  // the last one, generic, always can
}

int chosen = best();  // written under the GIL only

}  // namespace

int active_isa() {
    return chosen;
}

void bind_isa(py::module_& module) {
    module.def(
        "isa", [] { return std::string(variants()[chosen].name); },
        "The instruction set that the kernels use.");
    module.def(
        "isas",
        [] {
            std::vector<std::string> names;
            for (const Variant& v : variants())
                if (v.can_run) names.push_back(v.name);
            return names;
        },
        "The instruction sets that use_isa accepts here, the best first.");
    module.def(
        "use_isa",
        [](const std::string& name) {
            for (int i = 0; i < static_cast<int>(variants().size()); i++)
                if (variants()[i].can_run && variants()[i].name == name) {
                    chosen = i;
                    return;
                }
            throw py::value_error("no kernels for the instruction set '" + name + "' here");
        },
        py::arg("name"), "Run another variant of the kernels; for tests and benchmarks.");
}

}  // namespace mt
