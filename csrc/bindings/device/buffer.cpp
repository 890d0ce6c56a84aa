#include "bindings/device/buffer.hpp"

namespace mt {

long long Buffer::size() const {
    long long count = 1;
    for (long long n : shape) count *= n;
    return count;
}

bool Buffer::contiguous() const {
    long long step = 1;
    for (std::size_t i = shape.size(); i-- > 0;) {
        if (shape[i] != 1 && strides[i] != step && size() != 0) return false;
        step *= shape[i];
    }
    return true;
}

Dtype Buffer::dtype() const {
    if (type == "f4") return Dtype::float32;
    if (type == "f8") return Dtype::float64;
    if (type == "f2") return Dtype::float16;
    if (type == "u2") return Dtype::bfloat16;
    throw py::type_error(std::string(name) +
                         ": the kernels compute in float16, bfloat16 (held in "
                         "uint16), float32 and float64, not in '" +
                         type + "'");
}

namespace {

// Fills shape and strides, given in bytes by `steps` (empty: contiguous).
void lay_out(Buffer& b, const py::tuple& shape, const py::object& steps, long long itemsize) {
    std::size_t rank = shape.size();
    b.shape.resize(rank);
    b.strides.resize(rank);
    long long step = 1;
    for (std::size_t i = rank; i-- > 0;) {
        b.shape[i] = shape[i].cast<long long>();
        b.strides[i] = step;
        step *= b.shape[i];
    }
    if (steps.is_none()) return;
    py::tuple given = steps;
    for (std::size_t i = 0; i < rank; i++) {
        long long bytes = given[i].cast<long long>();
        if (bytes % itemsize)
            throw py::value_error(std::string(b.name) + ": its strides are no whole elements");
        b.strides[i] = bytes / itemsize;
    }
}

}  // namespace

#ifdef MT_EMULATE

namespace {

// The bytes from the first element to the last, whatever the strides.
void tell_watch([[maybe_unused]] const Buffer& b, [[maybe_unused]] long long itemsize) {
#    if MT_WATCH
    const char *begin = static_cast<const char*>(b.data), *end = begin;
    for (std::size_t i = 0; i < b.shape.size(); i++) {
        long long reach = (b.shape[i] - 1) * b.strides[i] * itemsize;
        (reach < 0 ? begin : end) += reach;
    }
    end = b.size() ? end + itemsize : begin;
    const char* kind = b.type[0] == 'f' ? "float" : b.type[0] == 'u' ? "uint" : "int";
    std::string text = std::string(b.name) + " " + show(b.shape) + " ";
    watch::take_argument(begin, end, text + kind + std::to_string(8 * itemsize));
#    endif
}

}  // namespace

Buffer buffer(const char* name, py::handle object) {
    if (!py::isinstance<py::array>(object))
        throw py::type_error(std::string(name) +
                             ": the emulated device takes its own arrays, not " +
                             Py_TYPE(object.ptr())->tp_name);
    auto array = py::reinterpret_borrow<py::array>(object);
    Buffer b(name);
    b.type = array.dtype().kind() + std::to_string(array.itemsize());
    if (!(array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_))
        throw py::value_error(std::string(name) + ": its memory is not aligned");
    b.writable = array.writeable();
    b.data = const_cast<void*>(array.data());
    lay_out(b, object.attr("shape"), object.attr("strides"), array.itemsize());
    tell_watch(b, array.itemsize());
    return b;
}

#else

Buffer buffer(const char* name, py::handle object) {
    if (!py::hasattr(object, "__cuda_array_interface__"))
        throw py::type_error(std::string(name) + ": CUDA kernels take arrays on the GPU, not " +
                             Py_TYPE(object.ptr())->tp_name);
    py::dict interface = object.attr("__cuda_array_interface__");
    Buffer b(name);
    std::string type = interface["typestr"].cast<std::string>();
    if (type[0] == '>') throw py::type_error(std::string(name) + ": big-endian arrays won't do");
    b.type = type.substr(1);
    py::tuple data = interface["data"];
    b.data = reinterpret_cast<void*>(data[0].cast<std::uintptr_t>());
    b.writable = !data[1].cast<bool>();
    py::object strides =
        interface.contains("strides") ? py::object(interface["strides"]) : py::object(py::none());
    lay_out(b, interface["shape"], strides, std::stoll(b.type.substr(1)));
    return b;
}

#endif

std::string show(const std::vector<long long>& shape) {
    std::string text = "(";
    for (std::size_t i = 0; i < shape.size(); i++)
        text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + (shape.size() == 1 ? ",)" : ")");
}

void require_shape(const Buffer& b, const std::vector<long long>& shape) {
    if (b.shape != shape)
        throw py::value_error(std::string(b.name) + " must be " + show(shape) + ", got " +
                              show(b.shape));
}

void require_rank(const Buffer& b, std::size_t least, std::size_t most) {
    if (b.shape.size() < least || b.shape.size() > most)
        throw py::value_error(std::string(b.name) + " must have " + std::to_string(least) +
                              (most > least ? " to " + std::to_string(most) : "") + " axes, got " +
                              show(b.shape));
}

void require_contiguous(const Buffer& b) {
    if (!b.contiguous()) throw py::value_error(std::string(b.name) + " must be contiguous");
}

void require_writable(const Buffer& b) {
    if (!b.writable) throw py::value_error(std::string(b.name) + " is read-only");
    watch::argument_is_output(b.data);
}

void require_output(const Buffer& b) {
    require_contiguous(b);
    require_writable(b);
}

void require_type(const Buffer& b, const char* type) {
    if (b.type != type)
        throw py::type_error(std::string(b.name) + " must be of type '" + type + "', got '" +
                             b.type + "'");
}

void require_dtype(const Buffer& b, Dtype dtype) {
    if (b.dtype() != dtype)
        throw py::type_error(std::string(b.name) + " must be " + name_of(dtype) +
                             " as the other "
                             "arrays, got " +
                             name_of(b.dtype()));
}

void* require_workspace(const Maybe& workspace, std::size_t bytes) {
    if (bytes == 0) return nullptr;
    if (!workspace)
        throw py::value_error("this rung needs a workspace of " + std::to_string(bytes) + " bytes");
    Buffer b = buffer("workspace", *workspace);
    require_type(b, "u1");
    require_output(b);
    if (std::size_t(b.size()) < bytes)
        throw py::value_error("workspace has " + std::to_string(b.size()) +
                              " bytes, this rung needs " + std::to_string(bytes));
    return b.data;
}

void require_countable(const Buffer& b) {
    for (long long n : b.shape)
        if (n > 0x7fffffff)
            throw py::value_error(std::string(b.name) + ": an axis of " + std::to_string(n) +
                                  " is more than the kernels count, 2^31 - 1");
}

}  // namespace mt
