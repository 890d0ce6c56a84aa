// minitorch._faults: the emulated device with nothing on it but planted faults. Tests use it.
#include "bindings/checks/faults.hpp"
#include "bindings/device/families.hpp"

PYBIND11_MODULE(_faults, module) {
    module.doc() = "Kernels with planted faults, to test the emulated device on.";
    mt::bind_device(module);
    mt::bind_faults(module);
}
