#include "bindings/gru.hpp"

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "common/scratch.hpp"
#include "cpu/gru/gru.hpp"

namespace mt {
namespace {

GruTable active_table() {
#define MT_ROW(ISA, can_run) ISA::gru_table,
    static constexpr GruTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

// From what both directions get.
template <class T>
Recurrence geometry(const py::array& hidden, const py::array& activated, const py::array& w,
                    const py::array& hid) {
    check<T>("hidden", hidden, 3);
    const Recurrence d{hidden.shape(0), hidden.shape(1), hidden.shape(2)};
    if (d.T < 1) throw py::value_error("there must be one step at least");
    check<T>("activated", activated, 3), check_shape("activated", activated, {d.T, d.N, 4 * d.H});
    check<T>("w", w, 2), check_shape("w", w, {d.H, 3 * d.H});
    check<T>("hid", hid, 2), check_shape("hid", hid, {d.N, d.H});
    return d;
}

template <class T>
const GruKernels<T>& kernels(const std::string& rung) {
    return std::get<GruKernels<T>>(find_rung(active_table(), rung).kernels);
}

template <class T>
void fwd(const std::string& rung, const py::array& gates, const py::array& w, const py::array& hid,
         py::array& hidden, py::array& activated) {
    const Recurrence d = geometry<T>(hidden, activated, w, hid);
    check<T>("gates", gates, 3), check_shape("gates", gates, {d.T, d.N, 3 * d.H});
    const T *from = input<T>(gates), *weights = input<T>(w), *start = input<T>(hid);
    const GruStates<T> to{output<T>(hidden), output<T>(activated)};
    const auto found = kernels<T>(rung);
    launch([=] {
        int threads = num_threads();
        T* scratch = thread_scratch().reserve<T>(found.fwd_scratch(d, threads));
        found.fwd(d, threads, from, weights, start, to, scratch);
    });
}

template <class T>
void bwd(const std::string& rung, const py::array& g, const py::array& hidden,
         const py::array& activated, const py::array& w, const py::array& hid, py::array& d_gates,
         py::array& d_state, py::array& d_hid) {
    const Recurrence d = geometry<T>(hidden, activated, w, hid);
    check<T>("g", g, 3), check_shape("g", g, {d.T, d.N, d.H});
    check<T>("d_gates", d_gates, 3), check_shape("d_gates", d_gates, {d.T, d.N, 3 * d.H});
    check<T>("d_state", d_state, 3), check_shape("d_state", d_state, {d.T, d.N, 3 * d.H});
    check<T>("d_hid", d_hid, 2), check_shape("d_hid", d_hid, {d.N, d.H});
    const GruStates<const T> was{input<T>(hidden), input<T>(activated)};
    const GruGradients<T> to{input<T>(g), output<T>(d_gates), output<T>(d_state), output<T>(d_hid)};
    const T *weights = input<T>(w), *start = input<T>(hid);
    const auto found = kernels<T>(rung);
    launch([=] {
        int threads = num_threads();
        T* scratch = thread_scratch().reserve<T>(found.bwd_scratch(d, threads));
        found.bwd(d, threads, was, weights, start, to, scratch);
    });
}

}  // namespace

void bind_gru(py::module_& module, py::dict& rungs) {
    rungs["gru"] = describe(active_table());
    module.def(
        "gru_fwd",
        [](const std::string& rung, const py::array& gates, const py::array& w,
           const py::array& hid, py::array hidden, py::array activated) {
            (holds<double>(w) ? fwd<double> : fwd<float>)(rung, gates, w, hid, hidden, activated);
        },
        py::arg("rung"), py::arg("gates"), py::arg("w"), py::arg("hid"), py::arg("hidden"),
        py::arg("activated"), "Fill the state after every step, and the values of the gates.");
    module.def(
        "gru_bwd",
        [](const std::string& rung, const py::array& g, const py::array& hidden,
           const py::array& activated, const py::array& w, const py::array& hid, py::array d_gates,
           py::array d_state, py::array d_hid) {
            (holds<double>(w) ? bwd<double> : bwd<float>)(rung, g, hidden, activated, w, hid,
                                                          d_gates, d_state, d_hid);
        },
        py::arg("rung"), py::arg("g"), py::arg("hidden"), py::arg("activated"), py::arg("w"),
        py::arg("hid"), py::arg("d_gates"), py::arg("d_state"), py::arg("d_hid"),
        "Fill the gradients of the gates' two parts and of the start.");
}

}  // namespace mt
