#include "bindings/isa.hpp"

#include <pybind11/stl.h>

#include <cstdlib>
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

std::vector<std::string> names(bool can_run) {
    std::vector<std::string> found;
    for (const Variant& v : variants())
        if (v.can_run == can_run) found.push_back(v.name);
    return found;
}

// The position of a variant; an error that begins with `who` if this CPU cannot run it.
int find(const std::string& name, const std::string& who) {
    std::string here;
    for (const std::string& v : names(true)) here += (here.empty() ? "" : ", ") + v;
    for (int i = 0; i < static_cast<int>(variants().size()); i++)
        if (variants()[i].name == name) {
            if (variants()[i].can_run) return i;
            throw py::value_error(who + ": this CPU cannot run the instruction set '" + name +
                                  "'; it can run " + here);
        }
    throw py::value_error(who + ": no kernels were compiled for the instruction set '" + name +
                          "'; this CPU can run " + here);
}

// What MINITORCH_ISA says, else the best.
int at_start() {
    const char* wish = std::getenv("MINITORCH_ISA");
    return wish && *wish ? find(wish, "MINITORCH_ISA") : find(names(true).front(), "");
}

int chosen = 0;  // written under the GIL only

}  // namespace

int active_isa() {
    return chosen;
}

void bind_isa(py::module_& module) {
    chosen = at_start();
    module.def(
        "isa", [] { return std::string(variants()[chosen].name); },
        "The instruction set that the kernels use.");
    module.def(
        "isas", [] { return names(true); },
        "The instruction sets that use_isa accepts here, the best first.");
    module.def(
        "isas_beyond", [] { return names(false); },
        "Those that were compiled and that this CPU cannot run.");
    module.def(
        "use_isa", [](const std::string& name) { chosen = find(name, "use_isa"); }, py::arg("name"),
        "Run another variant of the kernels; for tests and benchmarks.");
}

}  // namespace mt
