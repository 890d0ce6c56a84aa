#include "bindings/embedding.hpp"

#include <stdexcept>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "cpu/embedding/embedding.hpp"

namespace mt {
namespace {

EmbeddingTable active_table() {
#define MT_ROW(ISA, can_run) ISA::embedding_table,
    static constexpr EmbeddingTable (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

template <class T>
Embedding geometry(const py::array& w, const py::array& index, const py::array& y) {
    const bool wide = holds<std::int64_t>(index);
    wide ? check<std::int64_t>("index", index, 1) : check<std::int32_t>("index", index, 1);
    check<T>("w", w, 2), check<T>("y", y, 2);
    const Embedding d{w.shape(0), w.shape(1), index.shape(0), index.data(), wide};
    check_shape("y", y, {d.count, d.width});
    return d;
}

// Every time it runs: what lies there may have changed since it was recorded.
void check_range(const Embedding& d) {
    for (long i = 0; i < d.count; i++)
        if (d.at(i) < 0 || d.at(i) >= d.rows)
            throw std::out_of_range("index " + std::to_string(d.at(i)) +
                                    " is out of range, the table has " + std::to_string(d.rows) +
                                    " rows");
}

template <class T>
const EmbeddingKernels<T>& kernels(const std::string& rung) {
    return std::get<EmbeddingKernels<T>>(find_rung(active_table(), rung).kernels);
}

template <class T>
void gather(const std::string& rung, const py::array& w, const py::array& index, py::array& y) {
    const Embedding d = geometry<T>(w, index, y);
    const T* from = input<T>(w);
    T* to = output<T>(y);
    const auto found = kernels<T>(rung);
    launch([=] { check_range(d), found.gather(d, num_threads(), from, to); });
}

template <class T>
void scatter(const std::string& rung, const py::array& y, const py::array& index, py::array& w) {
    const Embedding d = geometry<T>(w, index, y);
    const T* from = input<T>(y);
    T* to = output<T>(w);
    const auto found = kernels<T>(rung);
    launch([=] { check_range(d), found.scatter(d, num_threads(), from, to); });
}

}  // namespace

void bind_embedding(py::module_& module, py::dict& rungs) {
    rungs["embedding"] = describe(active_table());
    module.def(
        "embedding_gather",
        [](const std::string& rung, const py::array& w, const py::array& index, py::array y) {
            (holds<double>(w) ? gather<double> : gather<float>)(rung, w, index, y);
        },
        py::arg("rung"), py::arg("w"), py::arg("index"), py::arg("y"), "Fill y with w[index].");
    module.def(
        "embedding_scatter",
        [](const std::string& rung, const py::array& y, const py::array& index, py::array w) {
            (holds<double>(y) ? scatter<double> : scatter<float>)(rung, y, index, w);
        },
        py::arg("rung"), py::arg("y"), py::arg("index"), py::arg("w"),
        "Fill w with the sums of the rows of y that each index names.");
}

}  // namespace mt
