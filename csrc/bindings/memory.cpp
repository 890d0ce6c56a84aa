#include "bindings/memory.hpp"

#include <pybind11/numpy.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "common/cache.hpp"

namespace py = pybind11;

namespace mt {
namespace {

// What NumPy calls for an array's memory (NEP 49). An array remembers the handler that was set when
// it was made, so setting ours for one call gives memory of the cache to one array, which owns it
// as any other array does. The layout is NumPy's PyDataMem_Handler, version 1.
struct Handler {
    char name[127];
    std::uint8_t version;
    void* context;
    void* (*malloc)(void*, std::size_t);
    void* (*calloc)(void*, std::size_t, std::size_t);
    void* (*realloc)(void*, void*, std::size_t);
    void (*free)(void*, void*, std::size_t);
};

void* take(void*, std::size_t bytes) {
    return cache_take(bytes);
}

void* take_zeros(void*, std::size_t count, std::size_t size) {
    void* data = cache_take(count * size);
    if (data) std::memset(data, 0, count * size);
    return data;
}

void* take_again(void*, void* data, std::size_t bytes) {
    void* fresh = cache_take(bytes);
    if (fresh && data) std::memcpy(fresh, data, std::min(bytes, cache_size(data)));
    if (fresh) cache_give(data);
    return fresh;
}

void give(void*, void* data, std::size_t) {
    cache_give(data);
}

Handler handler = {"minitorch_cache", 1, nullptr, take, take_zeros, take_again, give};

using SetHandler = PyObject* (*)(PyObject*);

// NumPy's C function PyDataMem_SetHandler, from the table that NumPy exports.
SetHandler set_handler() {
    constexpr int PLACE = 304;
    py::object table = py::module_::import("numpy._core.multiarray").attr("_ARRAY_API");
    auto** functions = static_cast<void**>(PyCapsule_GetPointer(table.ptr(), nullptr));
    if (!functions) throw py::error_already_set();
    return reinterpret_cast<SetHandler>(functions[PLACE]);
}

py::dtype as_dtype(const py::object& kind) {
    return py::isinstance<py::dtype>(kind) ? py::reinterpret_borrow<py::dtype>(kind)
                                           : py::dtype::from_args(kind);
}

// An array of NumPy's, as PyArray_NewFromDescr makes it, which takes over a reference to `dtype`.
py::object make(py::dtype dtype, const std::vector<Py_intptr_t>& shape) {
    auto& api = py::detail::npy_api::get();
    auto made = py::reinterpret_steal<py::object>(api.PyArray_NewFromDescr_(
        api.PyArray_Type_, dtype.release().ptr(), static_cast<int>(shape.size()), shape.data(),
        nullptr, nullptr, 0, nullptr));
    if (!made) throw py::error_already_set();
    return made;
}

py::object empty(const py::object& shape, const py::object& kind) {
    static const SetHandler set = set_handler();
    static PyObject* const ours = PyCapsule_New(&handler, "mem_handler", nullptr);
    std::vector<Py_intptr_t> lengths;
    if (PyLong_Check(shape.ptr()))
        lengths.push_back(shape.cast<Py_intptr_t>());
    else
        for (py::handle length : shape) lengths.push_back(length.cast<Py_intptr_t>());
    py::dtype dtype = as_dtype(kind);
    double bytes = static_cast<double>(dtype.itemsize());  // cannot overflow
    for (Py_intptr_t length : lengths) bytes *= static_cast<double>(length);
    if (bytes < CACHED_FROM) return make(std::move(dtype), lengths);
    auto before = py::reinterpret_steal<py::object>(set(ours));
    if (!before) throw py::error_already_set();
    struct Restore {
        PyObject* handler;
        ~Restore() {
            py::error_scope raised;  // an array that does not fit has set a MemoryError
            Py_XDECREF(set(handler));
        }
    } restore{before.ptr()};
    return make(std::move(dtype), lengths);
}

}  // namespace

void bind_memory(py::module_& module) {
    module.def("empty", empty, py::arg("shape"), py::arg("dtype"),
               "A NumPy array whose memory, if it is large, comes from the cache and goes back.");
    module.def(
        "cache_state",
        [] {
            CacheState s = cache_state();
            return py::make_tuple(s.used, s.held, s.peak, s.asked);
        },
        "(used, held, peak, asked): bytes in arrays, taken from the system, once used together; "
        "and how often the system was asked.");
    module.def("set_cache_limit", set_cache_limit, py::arg("bytes"),
               "How many bytes the cache may keep idle; 0 turns it off.");
    module.def("empty_cache", empty_cache, "Give what is idle back to the system.");
}

}  // namespace mt
