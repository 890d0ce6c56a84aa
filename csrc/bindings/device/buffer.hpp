// Arrays as the device bindings take them, and what is checked before a kernel gets pointers.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "cuda/common/types.hpp"
#include "emulate/watch.hpp"

namespace mt {

namespace py = pybind11;

// Memory on the device. The emulated device's is host memory, in NumPy arrays; CUDA's comes through
// __cuda_array_interface__. Arrays of uint16 hold bfloat16: NumPy has no such type.
struct Buffer {
    explicit Buffer(const char* name) : name(name) {}
    const char* name;  // the argument's, for errors
    void* data = nullptr;
    std::string type;  // as NumPy's array interface spells it, without the byte order: "f4"
    std::vector<long long> shape, strides;  // strides in elements
    bool writable = true;

    long long dim(std::size_t axis) const { return shape.at(axis); }
    long long size() const;
    bool contiguous() const;
    Dtype dtype() const;  // TypeError if no kernel computes in it
};

typedef std::optional<py::object> Maybe;  // an argument that may be None

Buffer buffer(const char* name, py::handle array);

// Each raises ValueError or TypeError that names the argument.
void require_shape(const Buffer& b, const std::vector<long long>& shape);
void require_rank(const Buffer& b, std::size_t least, std::size_t most);
void require_contiguous(const Buffer& b);
void require_writable(const Buffer& b);  // and says that kernels may write it
void require_output(const Buffer& b);    // contiguous, writable
void require_type(const Buffer& b, const char* type);
void require_dtype(const Buffer& b, Dtype dtype);
// The pointer of a workspace (bytes) that must hold as many; null where none is needed.
void* require_workspace(const Maybe& workspace, std::size_t bytes);
std::string show(const std::vector<long long>& shape);

// Kernels count rows, columns and blocks in 32 bits and elements in 64.
void require_countable(const Buffer& b);

// [(name, idea, needs, precision), ...] of a table.
template <class Table>
py::list describe(const Table& table) {
    py::list rows;
    for (int i = 0; i < table.count; i++) {
        const RungText& text = table.rungs[i].text;
        rows.append(py::make_tuple(text.name, text.idea, text.needs,
                                   text.precision == Precision::tf32 ? "tf32" : "full"));
    }
    return rows;
}

// A call of Python's begins: what arrays were taken before are no arguments of it.
inline void call_begins() {
    watch::forget_arguments();
}

// The rung of that name; ValueError with the names that there are. Bindings ask for it first.
template <class Table>
auto& rung_named(const Table& table, const std::string& name, const char* family) {
    call_begins();
    std::string known;
    for (int i = 0; i < table.count; i++) {
        if (name == table.rungs[i].text.name) return table.rungs[i];
        known += std::string(i ? ", " : "") + table.rungs[i].text.name;
    }
    throw py::value_error(std::string(family) + " has no rung '" + name + "'; it has " + known);
}

inline Stream as_stream(std::uintptr_t stream) {
    return reinterpret_cast<Stream>(stream);
}

}  // namespace mt
