#include "bindings/elementwise.hpp"

#include <pybind11/stl.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/isa.hpp"
#include "bindings/launch.hpp"
#include "common/parallel.hpp"
#include "cpu/elementwise/elementwise.hpp"

namespace mt {

// Here and not among the kernels: it is done once per call, whatever the instruction set.
void collapse(Chain& chain) {
    auto windows = [&](auto&& visit) {
        for (Window& w : chain.inputs) visit(w);
        for (Output& out : chain.outputs) visit(out.window);
    };
    int kept = 0;
    for (int k = 0; k < chain.axes; k++) {
        if (chain.shape[k] == 1) continue;
        bool joined = kept > 0;
        windows([&](Window& w) {
            if (joined) joined = w.strides[kept - 1] == w.strides[k] * chain.shape[k];
        });
        if (!joined) kept++;
        chain.shape[kept - 1] = joined ? chain.shape[kept - 1] * chain.shape[k] : chain.shape[k];
        windows([&](Window& w) { w.strides[kept - 1] = w.strides[k]; });
    }
    chain.axes = kept;
}

namespace {

ElementwiseKernels active_kernels() {
#define MT_ROW(ISA, can_run) ISA::elementwise_kernels,
    static constexpr ElementwiseKernels (*tables[])() = {MT_FOR_EACH_ISA(MT_ROW)};
#undef MT_ROW
    return tables[active_isa()]();
}

struct Named {
    const char* name;
    int arity;
};

const Named CODES[] = {
#define MT_CODE(name, arity) {#name, arity},
    MT_ELEMENTWISE_CODES(MT_CODE)
#undef MT_CODE
};
constexpr int CODE_COUNT = sizeof CODES / sizeof *CODES;

// The window of an array on the index space of `shape`, to which it is broadcast.
Window window(const char* what, const py::array& a, const std::vector<long>& shape, char* data) {
    const long axes = static_cast<long>(shape.size()), missing = axes - a.ndim();
    Window w{data, a.dtype().kind() == 'b', {}};
    bool fits = missing >= 0;
    for (long k = 0; fits && k < axes; k++) {
        long length = k < missing ? 1 : a.shape(k - missing);
        fits = length == shape[k] || length == 1;
        bool spread = k < missing || length == 1;
        w.strides[k] = spread ? 0 : a.strides(k - missing) / a.itemsize();
        if (!spread && a.strides(k - missing) % a.itemsize()) fits = false;
    }
    if (!fits)
        throw py::value_error(std::string(what) + " of shape " + shape_text(a) +
                              " does not fit the shape of the chain");
    return w;
}

void check_typed(const py::array& a, bool wide) {
    bool ok = a.dtype().kind() == 'b' || (wide ? holds<double>(a) : holds<float>(a));
    if (!ok || !(a.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_))
        throw py::type_error(
            "a chain computes with aligned arrays of one floating-point dtype, "
            "and bool");
}

using StepTuple = std::tuple<int, int, int, int>;

void elementwise(const std::vector<long>& shape, const std::vector<py::array>& inputs,
                 const std::vector<StepTuple>& steps,
                 std::vector<std::pair<int, py::array>>& outputs, bool wide) {
    if (shape.size() > MAX_AXES) throw py::value_error("a chain has at most 8 axes");
    Chain chain;
    chain.axes = static_cast<int>(shape.size());
    std::copy(shape.begin(), shape.end(), chain.shape);
    const int known = static_cast<int>(inputs.size() + steps.size());
    for (const py::array& a : inputs) {
        check_typed(a, wide);
        chain.inputs.push_back(
            window("an input", a, shape, static_cast<char*>(const_cast<void*>(a.data()))));
    }
    for (auto [code, a, b, c] : steps) {
        int defined = static_cast<int>(inputs.size() + chain.steps.size());
        if (code < 0 || code >= CODE_COUNT) throw py::value_error("there is no such step");
        int operands[] = {a, b, c};
        for (int k = 0; k < 3; k++)
            if ((k < CODES[code].arity) != (operands[k] >= 0) || operands[k] >= defined)
                throw py::value_error(std::string(CODES[code].name) +
                                      " has wrong operands in this chain");
        chain.steps.push_back({static_cast<Code>(code), a, b, c});
    }
    for (auto& [from, a] : outputs) {
        check_typed(a, wide);
        if (from < 0 || from >= known) throw py::value_error("an output of no step");
        char* data = static_cast<char*>(a.mutable_data());
        Window w = window("an output", a, shape, data);
        for (int k = 0; k < chain.axes; k++)
            if (w.strides[k] == 0 && shape[k] > 1 && a.size() > 0)
                throw py::value_error("an output cannot be broadcast");
        chain.outputs.push_back({w, from});
    }
    collapse(chain);
    auto kernels = active_kernels();
    auto run = wide ? kernels.f64 : kernels.f32;
    launch([chain = std::move(chain), run] { run(chain, num_threads()); });
}

void copy(const py::array& source, py::array target) {
    const int bytes = static_cast<int>(source.itemsize());
    if (!source.dtype().is(target.dtype()) && !source.dtype().equal(target.dtype()))
        throw py::type_error("a copy has one dtype");
    if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
        throw py::type_error("elements of 1, 2, 4 or 8 bytes are copied");
    if (target.ndim() > MAX_AXES) throw py::value_error("a copy has at most 8 axes");
    std::vector<long> shape(target.shape(), target.shape() + target.ndim());
    Chain chain;
    chain.axes = static_cast<int>(shape.size());
    std::copy(shape.begin(), shape.end(), chain.shape);
    chain.inputs.push_back(
        window("the source", source, shape, static_cast<char*>(const_cast<void*>(source.data()))));
    chain.outputs.push_back(
        {window("the target", target, shape, static_cast<char*>(target.mutable_data())), 0});
    collapse(chain);
    auto run = active_kernels().copy;
    launch([chain = std::move(chain), run, bytes] { run(chain, bytes, num_threads()); });
}

}  // namespace

void bind_elementwise(py::module_& module) {
    py::dict codes;
    for (int i = 0; i < CODE_COUNT; i++) codes[CODES[i].name] = py::make_tuple(i, CODES[i].arity);
    module.attr("elementwise_codes") = codes;
    module.def("elementwise", elementwise, py::arg("shape"), py::arg("inputs"), py::arg("steps"),
               py::arg("outputs"), py::arg("wide"),
               "Run a chain: steps (code, a, b, c) on registers, the inputs first; outputs are "
               "(register, array) pairs. `wide` computes in float64.");
    module.def("copy", copy, py::arg("source"), py::arg("target"),
               "target[...] = source, of one dtype.");
}

}  // namespace mt
