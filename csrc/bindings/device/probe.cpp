#include "cuda/probe/probe.hpp"

#include "bindings/device/buffer.hpp"
#include "bindings/device/families.hpp"

namespace mt {

namespace {

const ProbeRow& probe_named(const std::string& name) {
    const ProbeTable table = probe_table();
    for (int i = 0; i < table.count; i++)
        if (name == table.rows[i].name) return table.rows[i];
    throw py::value_error("there is no probe '" + name + "'");
}

// Bytes, of whatever type.
ProbeArray bytes_of(const Buffer& b) {
    require_contiguous(b);
    return {b.data, b.size() * std::stoll(b.type.substr(1))};
}

void run_probe(const std::string& name, const std::vector<py::object>& inputs, py::handle out,
               const std::vector<int>& numbers, std::uintptr_t stream) {
    const ProbeRow& row = probe_named(name);
    call_begins();
    if (inputs.size() > Probe::INPUTS || numbers.size() > Probe::NUMBERS)
        throw py::value_error("probe " + name + ": too many inputs or numbers");
    Probe p{};
    for (const py::object& input : inputs) p.in[p.inputs++] = bytes_of(buffer("input", input));
    for (int number : numbers) p.number[p.numbers++] = number;
    Buffer result = buffer("out", out);
    require_output(result);
    p.out = bytes_of(result);
    p.stream = as_stream(stream);
    if (std::string reason = row.refuses(p); !reason.empty())
        throw py::value_error("probe " + name + ": " + reason);
    py::gil_scoped_release released;
    row.run(p);
}

}  // namespace

void bind_probe(py::module_& module) {
    py::dict probes;
    const ProbeTable table = probe_table();
    for (int i = 0; i < table.count; i++) {
        const ProbeRow& row = table.rows[i];
        probes[row.name] = py::make_tuple(row.what, row.least, row.most);
    }
    module.attr("probes") = probes;  // name -> (what it does, least and most compute capability)
    module.def("probe", run_probe, py::arg("name"), py::arg("inputs"), py::arg("out"),
               py::arg("numbers") = std::vector<int>{}, py::arg("stream") = 0,
               "Run one instruction's probe: fill out from the inputs (contiguous arrays).");
}

}  // namespace mt
