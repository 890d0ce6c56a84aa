#include "bindings/checks/watch.hpp"

#include <pybind11/stl.h>

#include "emulate/watch/report.hpp"

namespace py = pybind11;

namespace mt {

namespace {

py::list report() {
    py::list rows;
    for (const watch::Row& row : watch::report())
        rows.append(py::dict(
            py::arg("kernel") = row.kernel, py::arg("file") = row.file, py::arg("line") = row.line,
            py::arg("space") = row.space, py::arg("access") = row.access,
            py::arg("width") = row.width, py::arg("requests") = row.costs.requests,
            py::arg("lanes") = row.costs.lanes, py::arg("bytes") = row.costs.bytes,
            py::arg("moved") = row.costs.moved, py::arg("ideal") = row.costs.ideal));
    return rows;
}

}  // namespace

void bind_watch(py::module_& module) {
    module.def("watch_report", report,
               "What the launches since watch_reset() cost, by line: warp requests, lanes, bytes, "
               "and how many sectors (global) or rounds of the banks (shared) were moved, beside "
               "the fewest that the bytes need.");
    module.def("watch_reset", watch::forget_counts, "Count from 0.");
}

}  // namespace mt
