// What the device is; on the emulated one also how it behaves.
#include "bindings/device/families.hpp"

#ifdef MT_EMULATE
#    include <pybind11/stl.h>

#    include "emulate/machine.hpp"

namespace py = pybind11;

namespace mt {

namespace {

const char* const ORDERS[] = {"forward", "reverse", "random"};
const char* const LANDINGS[] = {"early", "late", "random"};

template <class E, std::size_t COUNT>
E named(const char* what, const std::string& name, const char* const (&names)[COUNT]) {
    for (std::size_t i = 0; i < COUNT; i++)
        if (name == names[i]) return E(i);
    throw py::value_error(std::string(what) + " is one of " + names[0] + ", " + names[1] + ", " +
                          names[2] + ", not '" + name + "'");
}

void set_schedule(const std::string& threads, const std::string& blocks, const std::string& landing,
                  unsigned seed) {
    emu::schedule = {named<emu::Order>("threads", threads, ORDERS),
                     named<emu::Order>("blocks", blocks, ORDERS),
                     named<emu::Landing>("landing", landing, LANDINGS), seed};
}

py::dict get_schedule() {
    const emu::Schedule& s = emu::schedule;
    return py::dict(py::arg("threads") = ORDERS[int(s.threads)],
                    py::arg("blocks") = ORDERS[int(s.blocks)],
                    py::arg("landing") = LANDINGS[int(s.landing)], py::arg("seed") = s.seed);
}

py::dict statistics() {
    const emu::Statistics& s = emu::statistics;
    return py::dict(py::arg("launches") = s.launches, py::arg("blocks") = s.blocks,
                    py::arg("threads") = s.threads, py::arg("switches") = s.switches);
}

}  // namespace

void bind_device(py::module_& module) {
    module.def("set_schedule", set_schedule, py::arg("threads") = "forward",
               py::arg("blocks") = "forward", py::arg("landing") = "late", py::arg("seed") = 1u,
               "In which order threads and blocks run, and when asynchronous copies land.");
    module.def("get_schedule", get_schedule, "The arguments of set_schedule in force.");
    module.def("statistics", statistics, "Launches, blocks, threads and switches so far.");
    module.def("capability", [] { return emu::properties.capability; });
}

}  // namespace mt

#else
#    include <cuda_runtime_api.h>

namespace py = pybind11;

namespace mt {

void bind_device(py::module_& module) {
    module.def(
        "capability",
        [] {
            int device = 0, major = 0, minor = 0;
            cudaGetDevice(&device);
            cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
            cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
            return 10 * major + minor;
        },
        "90 for compute capability 9.0.");
}

}  // namespace mt

#endif
