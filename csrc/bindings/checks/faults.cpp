#include "bindings/checks/faults.hpp"

#include "bindings/device/buffer.hpp"
#include "cuda/faults/faults.hpp"

namespace mt {

namespace {

void run_fault(const std::string& name, py::handle x_, py::handle y_, bool broken) {
    const faults::FaultTable table = faults::fault_table();
    for (int i = 0; i < table.count; i++) {
        if (name != table.faults[i].name) continue;
        call_begins();
        Buffer x = buffer("x", x_), y = buffer("y", y_);
        require_type(x, "f4");
        require_type(y, "f4");
        require_shape(y, x.shape);
        require_contiguous(x);
        require_output(y);
        if (x.size() % faults::TILE)
            throw py::value_error("x must have a multiple of 64 elements, got " + show(x.shape));
        faults::Problem p{static_cast<const float*>(x.data), static_cast<float*>(y.data), x.size(),
                          broken};
        py::gil_scoped_release released;
        return table.faults[i].run(p);
    }
    throw py::value_error("no fault is named '" + name + "'");
}

}  // namespace

void bind_faults(py::module_& module) {
    py::dict all;
    const faults::FaultTable table = faults::fault_table();
    for (int i = 0; i < table.count; i++) all[table.faults[i].name] = table.faults[i].what;
    module.attr("faults") = all;
    module.def("run_fault", run_fault, py::arg("name"), py::arg("x"), py::arg("y"),
               py::arg("broken"), "Fill y from x by a kernel that is right, or broken as named.");
}

}  // namespace mt
