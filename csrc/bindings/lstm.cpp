#include "bindings/lstm.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "common/scratch.hpp"
#include "cpu/lstm/lstm.hpp"

namespace mt {
namespace {

using Optional = std::optional<py::array>;

LstmTable active_table() {
#define MT_ROW(ISA, can_run) ISA::lstm_table,
    static constexpr LstmTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

template <class T>
void check_all(const char* name, const py::array& a, std::initializer_list<long> shape) {
    check<T>(name, a, static_cast<int>(shape.size())), check_shape(name, a, shape);
}

template <class T>
Recurrence geometry(const py::array& gates, const py::array& w) {
    check<T>("gates", gates, 3), check<T>("w", w, 2);
    const Recurrence d{gates.shape(0), gates.shape(1), w.shape(0)};
    if (d.T < 1) throw py::value_error("there must be one step at least");
    check_shape("w", w, {d.H, 4 * d.H}), check_shape("gates", gates, {d.T, d.N, 4 * d.H});
    return d;
}

template <class T>
LstmStart<T> start_of(const Recurrence& d, const py::array& w, const py::array& hid,
                      const py::array& cell, const Optional& peepholes) {
    check_all<T>("hid", hid, {d.N, d.H}), check_all<T>("cell", cell, {d.N, d.H});
    if (peepholes) check_all<T>("peepholes", *peepholes, {3, d.H});
    return {input<T>(w), input<T>(hid), input<T>(cell), peepholes ? input<T>(*peepholes) : nullptr};
}

template <class T>
const LstmKernels<T>& kernels(const std::string& rung) {
    return std::get<LstmKernels<T>>(find_rung(active_table(), rung).kernels);
}

template <class T>
void fwd(const std::string& rung, const py::array& gates, const py::array& w, const py::array& hid,
         const py::array& cell, const Optional& peepholes, py::array& hidden, py::array& cells,
         py::array& activated) {
    const Recurrence d = geometry<T>(gates, w);
    const auto start = start_of<T>(d, w, hid, cell, peepholes);
    check_all<T>("hidden", hidden, {d.T, d.N, d.H}), check_all<T>("cells", cells, {d.T, d.N, d.H});
    check_all<T>("activated", activated, {d.T, d.N, 4 * d.H});
    const LstmStates<T> to{output<T>(hidden), output<T>(cells), output<T>(activated)};
    const T* from = input<T>(gates);
    const auto found = kernels<T>(rung);
    launch([=] {
        int threads = num_threads();
        T* scratch = thread_scratch().reserve<T>(found.fwd_scratch(d, threads));
        found.fwd(d, threads, from, start, to, scratch);
    });
}

template <class T>
void bwd(const std::string& rung, const py::array& g_hidden, const py::array& g_cells,
         const py::array& hidden, const py::array& cells, const py::array& activated,
         const py::array& w, const py::array& hid, const py::array& cell, const Optional& peepholes,
         py::array& d_gates, py::array& d_hid, py::array& d_cell, Optional& d_peepholes) {
    const Recurrence d = geometry<T>(activated, w);
    const auto start = start_of<T>(d, w, hid, cell, peepholes);
    check_all<T>("g_hidden", g_hidden, {d.T, d.N, d.H});
    check_all<T>("g_cells", g_cells, {d.T, d.N, d.H});
    check_all<T>("hidden", hidden, {d.T, d.N, d.H}), check_all<T>("cells", cells, {d.T, d.N, d.H});
    check_all<T>("d_gates", d_gates, {d.T, d.N, 4 * d.H});
    check_all<T>("d_hid", d_hid, {d.N, d.H}), check_all<T>("d_cell", d_cell, {d.N, d.H});
    if (peepholes.has_value() != d_peepholes.has_value())
        throw py::value_error("peepholes and d_peepholes come together");
    if (peepholes) check_all<T>("d_peepholes", *d_peepholes, {3, d.H});
    const LstmStates<const T> was{input<T>(hidden), input<T>(cells), input<T>(activated)};
    const LstmGradients<T> to{input<T>(g_hidden), input<T>(g_cells),
                              output<T>(d_gates), output<T>(d_hid),
                              output<T>(d_cell),  d_peepholes ? output<T>(*d_peepholes) : nullptr};
    const auto found = kernels<T>(rung);
    launch([=] {
        int threads = num_threads();
        T* scratch = thread_scratch().reserve<T>(found.bwd_scratch(d, threads));
        found.bwd(d, threads, was, start, to, scratch);
    });
}

}  // namespace

void bind_lstm(py::module_& module, py::dict& rungs) {
    rungs["lstm"] = describe(active_table());
    module.def(
        "lstm_fwd",
        [](const std::string& rung, const py::array& gates, const py::array& w,
           const py::array& hid, const py::array& cell, const Optional& peepholes, py::array hidden,
           py::array cells, py::array activated) {
            (holds<double>(w) ? fwd<double> : fwd<float>)(rung, gates, w, hid, cell, peepholes,
                                                          hidden, cells, activated);
        },
        py::arg("rung"), py::arg("gates"), py::arg("w"), py::arg("hid"), py::arg("cell"),
        py::arg("peepholes"), py::arg("hidden"), py::arg("cells"), py::arg("activated"),
        "Fill the states after every step, and the values of the gates.");
    module.def(
        "lstm_bwd",
        [](const std::string& rung, const py::array& g_hidden, const py::array& g_cells,
           const py::array& hidden, const py::array& cells, const py::array& activated,
           const py::array& w, const py::array& hid, const py::array& cell,
           const Optional& peepholes, py::array d_gates, py::array d_hid, py::array d_cell,
           Optional d_peepholes) {
            (holds<double>(w) ? bwd<double> : bwd<float>)(rung, g_hidden, g_cells, hidden, cells,
                                                          activated, w, hid, cell, peepholes,
                                                          d_gates, d_hid, d_cell, d_peepholes);
        },
        py::arg("rung"), py::arg("g_hidden"), py::arg("g_cells"), py::arg("hidden"),
        py::arg("cells"), py::arg("activated"), py::arg("w"), py::arg("hid"), py::arg("cell"),
        py::arg("peepholes"), py::arg("d_gates"), py::arg("d_hid"), py::arg("d_cell"),
        py::arg("d_peepholes"), "Fill the gradients of all inputs but w.");
}

}  // namespace mt
