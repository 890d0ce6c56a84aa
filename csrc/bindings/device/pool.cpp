#include "cuda/pool/pool.hpp"

#include <array>

#include "bindings/device/buffer.hpp"
#include "bindings/device/families.hpp"

namespace mt {

namespace {

typedef std::vector<long long> Lengths;
typedef std::vector<std::array<long long, 2>> Pairs;

const char* const PASSES[] = {"max", "unmax", "at", "sum", "unsum"};
const char* const MEANS[] = {"none", "inside", "padded"};

template <class E, std::size_t COUNT>
E named(const char* what, const std::string& name, const char* const (&names)[COUNT]) {
    std::string known;
    for (std::size_t i = 0; i < COUNT; i++) {
        if (name == names[i]) return E(i);
        known += std::string(i ? ", " : "") + names[i];
    }
    throw py::value_error(std::string(what) + " is one of " + known + ", not '" + name + "'");
}

// Windows of one to three axes as those of three, the missing ones in front.
void lay_windows(Pool& p, const Buffer& x, const Buffer& y, const Lengths& window,
                 const Lengths& stride, const Pairs& pad) {
    const std::size_t axes = x.shape.size() - 2;
    if (y.shape.size() != axes + 2 || window.size() != axes || stride.size() != axes ||
        pad.size() != axes)
        throw py::value_error("x " + show(x.shape) + ", y " + show(y.shape) +
                              ", window, stride and pad must have the same number of axes");
    for (std::size_t i = 0; i < 3; i++) {
        p.size[i] = p.count[i] = p.window[i] = p.stride[i] = 1, p.before[i] = p.after[i] = 0;
        if (i + axes < 3) continue;
        const std::size_t axis = i + axes - 3;
        p.size[i] = x.dim(axis + 2), p.count[i] = y.dim(axis + 2);
        p.window[i] = window[axis], p.stride[i] = stride[axis];
        p.before[i] = pad[axis][0], p.after[i] = pad[axis][1];
        if (p.window[i] < 1 || p.stride[i] < 1 || p.before[i] < 0 || p.after[i] < 0)
            throw py::value_error("window and stride must be at least 1, pad at least 0");
        // Places are counted in 32 bits, from the padding to the end of the last window.
        const long long most = 0x7fffffff;
        if (p.window[i] > most || p.stride[i] > most || p.before[i] > most || p.after[i] > most ||
            p.count[i] > most ||
            p.size[i] + p.before[i] + p.after[i] + p.window[i] + p.stride[i] > most ||
            p.count[i] * p.stride[i] + p.window[i] > most)
            throw py::value_error("windows " + show(window) + " with stride " + show(stride) +
                                  " on x " + show(x.shape) + " are beyond 2^31 places");
    }
}

Pool pooling(const std::string& pass, const Buffer& x, const Buffer& y, const Maybe& index_,
             const Lengths& window, const Lengths& stride, const Pairs& pad,
             const std::string& mean) {
    Pool p{};
    p.pass = named<PoolPass>("pass", pass, PASSES);
    p.mean = named<PoolMean>("mean", mean, MEANS);
    p.dtype = x.dtype();
    require_dtype(y, p.dtype);
    require_rank(x, 3, 5);
    lay_windows(p, x, y, window, stride, pad);
    p.planes = x.dim(0) * x.dim(1);
    if (y.dim(0) != x.dim(0) || y.dim(1) != x.dim(1))
        throw py::value_error("x " + show(x.shape) + " and y " + show(y.shape) +
                              " must have the same batch and channels");
    const bool indexed = p.pass != PoolPass::sum && p.pass != PoolPass::unsum;
    if (indexed != bool(index_))
        throw py::value_error("pass '" + pass + (indexed ? "' needs an index" : "' has no index"));
    if (indexed && p.mean != PoolMean::none)
        throw py::value_error("mean is for sums, not for pass '" + pass + "'");
    p.x = x.data, p.y = y.data;
    if (!indexed) return p;
    const Buffer index = buffer("index", *index_);
    if (index.type != "u1" && index.type != "i4")
        throw py::type_error("index must be uint8 or int32, got '" + index.type + "'");
    p.wide = index.type == "i4";
    const long long places = p.window[0] * p.window[1] * p.window[2];
    if (!p.wide && places > 255)
        throw py::type_error("index must be int32 for windows of " + std::to_string(places) +
                             " places");
    require_shape(index, y.shape);
    p.pass == PoolPass::max ? require_output(index) : require_contiguous(index);
    p.index = index.data;
    return p;
}

}  // namespace

void bind_pool(py::module_& module, py::dict& rungs) {
    rungs["pool"] = describe(pool_table());
    module.def(
        "pool",
        [](const std::string& name, const std::string& pass, py::handle x_, py::handle y_,
           const Maybe& index, const Lengths& window, const Lengths& stride, const Pairs& pad,
           const std::string& mean, std::uintptr_t stream) {
            const PoolRung& rung = rung_named(pool_table(), name, "pool");
            const Buffer x = buffer("x", x_), y = buffer("y", y_);
            Pool p = pooling(pass, x, y, index, window, stride, pad, mean);
            p.writes_plane() ? require_output(x) : require_contiguous(x);
            p.writes_plane() ? require_contiguous(y) : require_output(y);
            p.stream = as_stream(stream);
            if (std::string reason = rung.supports(p); !reason.empty())
                throw py::value_error("pool " + name + ": " + reason);
            if ((p.writes_plane() ? x : y).size() == 0) return;
            py::gil_scoped_release released;
            rung.run(p);
        },
        py::arg("rung"), py::arg("pass_"), py::arg("x"), py::arg("y"),
        py::arg("index") = py::none(), py::kw_only(), py::arg("window"), py::arg("stride"),
        py::arg("pad"), py::arg("mean") = "none", py::arg("stream") = 0,
        "Pool x (N, C, ...) into y, or for the passes unmax and unsum y into x.");
    module.def(
        "pool_supports",
        [](const std::string& name, const std::string& pass, py::handle x, py::handle y,
           const Maybe& index, const Lengths& window, const Lengths& stride, const Pairs& pad,
           const std::string& mean) {
            return rung_named(pool_table(), name, "pool")
                .supports(pooling(pass, buffer("x", x), buffer("y", y), index, window, stride, pad,
                                  mean));
        },
        py::arg("rung"), py::arg("pass_"), py::arg("x"), py::arg("y"),
        py::arg("index") = py::none(), py::kw_only(), py::arg("window"), py::arg("stride"),
        py::arg("pad"), py::arg("mean") = "none", "Why the rung can't do this, or \"\".");
}

}  // namespace mt
