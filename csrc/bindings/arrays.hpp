// What bindings check before a kernel gets bare pointers.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <initializer_list>
#include <string>

namespace mt {

namespace py = pybind11;

inline std::string shape_text(const py::array& a) {
    std::string text = "(";
    for (py::ssize_t i = 0; i < a.ndim(); i++) text += (i ? ", " : "") + std::to_string(a.shape(i));
    return text + ")";
}

template <class T>
void check_type(const char* name, const py::array& a) {
    if (!py::isinstance<py::array_t<T>>(a))
        throw py::type_error(
            std::string(name) + " has the dtype " +
            py::str(static_cast<py::object>(a.dtype())).cast<std::string>() + ", it must be " +
            py::str(static_cast<py::object>(py::dtype::of<T>())).cast<std::string>());
}

// An aligned C-contiguous array of T with `ndim` axes; TypeError and ValueError otherwise.
template <class T>
void check(const char* name, const py::array& a, int ndim) {
    check_type<T>(name, a);
    constexpr int wanted = py::array::c_style | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    if (a.ndim() != ndim || (a.flags() & wanted) != wanted)
        throw py::value_error(std::string(name) + " must be aligned and C-contiguous with " +
                              std::to_string(ndim) + " axes, its shape is " + shape_text(a));
}

inline void check_shape(const char* name, const py::array& a, std::initializer_list<long> shape) {
    int axis = 0;
    for (long length : shape)
        if (a.shape(axis++) != length) {
            std::string wanted;
            for (long n : shape) wanted += (wanted.empty() ? "(" : ", ") + std::to_string(n);
            throw py::value_error(std::string(name) + " has the shape " + shape_text(a) +
                                  ", it must be " + wanted + ")");
        }
}

template <class T>
const T* input(const py::array& a) {
    return static_cast<const T*>(a.data());
}

// Raises where the array is read-only.
template <class T>
T* output(py::array& a) {
    return static_cast<T*>(a.mutable_data());
}

template <class T>
bool holds(const py::array& a) {
    return py::isinstance<py::array_t<T>>(a);
}

// The rung of that name in a table.
template <class Table>
auto& find_rung(const Table& table, const std::string& name) {
    for (int i = 0; i < table.count; i++)
        if (table.rungs[i].name == name) return table.rungs[i];
    throw py::value_error("there is no rung '" + name + "'");
}

// (name, idea, needs) of every rung, from the ground up.
template <class Table>
py::list describe(const Table& table) {
    py::list rows;
    for (int i = 0; i < table.count; i++)
        rows.append(py::make_tuple(table.rungs[i].name, table.rungs[i].idea, table.rungs[i].needs));
    return rows;
}

}  // namespace mt
