#include "cuda/conv/conv.hpp"

#include <algorithm>

#include "bindings/device/buffer.hpp"
#include "bindings/device/families.hpp"

namespace mt {

namespace {

typedef std::vector<long long> Shape;
typedef std::vector<std::pair<long long, long long>> Pairs;

struct Settings {
    Shape stride;
    Pairs pad;
    Shape dilation;
    long long groups;
};

// Three spatial axes of one to three: those in front are 1 long (or whatever `rest` is).
template <class T, class U>
void spread(const T& given, std::size_t skip, long long rest, U& three) {
    std::size_t count = given.size() - skip;
    for (std::size_t a = 0; a < 3; a++)
        three[a] = a + count < 3 ? rest : given[skip + a + count - 3];
}

void require_settings(const Settings& s, std::size_t axes) {
    if (s.stride.size() != axes || s.pad.size() != axes || s.dilation.size() != axes)
        throw py::value_error("stride, pad and dilation must have an entry for each of the " +
                              std::to_string(axes) + " spatial axes");
    for (std::size_t a = 0; a < axes; a++) {
        if (s.stride[a] < 1 || s.dilation[a] < 1)
            throw py::value_error("stride and dilation must be at least 1");
        if (s.pad[a].first < 0 || s.pad[a].second < 0)
            throw py::value_error("pad must be at least 0");
    }
    if (s.groups < 1) throw py::value_error("groups must be at least 1");
}

// The shape of y that x, w and the settings have, or an error.
Shape result_shape(const Shape& x, const Shape& w, const Settings& s) {
    const std::size_t axes = x.size() - 2;
    if (x.size() < 3 || x.size() > 5 || w.size() != x.size())
        throw py::value_error("x " + show(x) + " and w " + show(w) +
                              " must have a batch or filter axis, channels, and both the same one "
                              "to three spatial axes");
    require_settings(s, axes);
    if (x[1] != w[1] * s.groups || w[0] % s.groups)
        throw py::value_error("x " + show(x) + " and w " + show(w) + " do not fit " +
                              std::to_string(s.groups) + " group(s): w must have " +
                              "x's channels / groups, and a multiple of groups filters");
    Shape y{x[0], w[0]};
    for (std::size_t a = 0; a < axes; a++) {
        const long long span = s.dilation[a] * (w[a + 2] - 1) + 1;
        const long long room = x[a + 2] + s.pad[a].first + s.pad[a].second - span;
        if (w[a + 2] < 1 || room < 0)
            throw py::value_error("w " + show(w) + " is no window on x " + show(x) +
                                  " with its padding");
        y.push_back(room / s.stride[a] + 1);
    }
    return y;
}

void require_countable(const Conv& p) {
    long long places = 1, pixels = 1, window = p.C / p.groups;
    for (int a = 0; a < 3; a++) places *= p.y_size[a], pixels *= p.x_size[a], window *= p.w_size[a];
    if (std::max({p.N * places, p.N * pixels, window, p.K}) > 0x7fffff00 - p.pad[2])
        throw py::value_error("an array has more places than the kernels count, 2^31 - 257");
}

// The problem by its shapes, with nothing yet of where the arrays lie.
Conv problem(const Shape& x, const Shape& w, const Shape& y, const Settings& s) {
    Conv p{};
    p.N = x[0], p.C = x[1], p.K = w[0], p.groups = s.groups;
    spread(x, 2, 1, p.x_size), spread(w, 2, 1, p.w_size), spread(y, 2, 1, p.y_size);
    spread(s.stride, 0, 1, p.stride), spread(s.dilation, 0, 1, p.dilation);
    Shape before;
    for (auto& pair : s.pad) before.push_back(pair.first);
    spread(before, 0, 0, p.pad);
    require_countable(p);
    return p;
}

ConvImages images(const Buffer& b) {
    ConvImages images{b.data, b.strides[0], b.strides[1], {}};
    spread(b.strides, 2, 0, images.axis);
    return images;
}

ConvFilters filters(const Buffer& b) {
    ConvFilters filters{b.data, b.strides[0], b.strides[1], {}};
    spread(b.strides, 2, 0, filters.axis);
    return filters;
}

// A result may have its axes in any order in memory, but must leave no holes: its elements must
// all be different ones.
void require_result(const Buffer& b, const Shape& shape) {
    require_shape(b, shape);
    std::vector<std::pair<long long, long long>> axes;  // (stride, length)
    for (std::size_t a = 0; a < shape.size(); a++)
        if (shape[a] != 1) axes.emplace_back(b.strides[a], shape[a]);
    std::sort(axes.begin(), axes.end());
    long long step = 1;
    for (auto [stride, length] : axes) {
        if (stride != step && b.size() != 0)
            throw py::value_error(std::string(b.name) + " must fill its memory without holes");
        step *= length;
    }
    require_writable(b);
}

enum class Direction { fwd, dgrad, wgrad };

struct Names {
    const char *direction, *first, *second, *result;
};
const Names NAMES[] = {
    {"fwd", "x", "w", "y"}, {"dgrad", "dy", "w", "dx"}, {"wgrad", "x", "dy", "dw"}};

// What a direction reads; `size` is the spatial shape of what it makes (fwd: whatever it is given,
// since the others say it).
struct Call {
    Direction direction;
    Buffer first, second;
    Settings settings;
    Shape x, w, y;

    Call(Direction direction, py::handle first, py::handle second, const Shape& size,
         const Settings& settings)
        : direction(direction),
          first(buffer(NAMES[int(direction)].first, first)),
          second(buffer(NAMES[int(direction)].second, second)),
          settings(settings) {
        for (const Buffer* b : {&this->first, &this->second}) {
            require_rank(*b, 3, 5);
            require_countable(*b);
        }
        shapes(size);
    }

    void shapes(const Shape& size) {
        x = first.shape, w = second.shape;
        if (direction == Direction::dgrad) x = {first.dim(0), w[1] * settings.groups};
        if (direction == Direction::wgrad)
            w = {second.dim(1), x[1] / std::max(1ll, settings.groups)};
        Shape& open = direction == Direction::dgrad ? x : w;
        if (direction != Direction::fwd) open.insert(open.end(), size.begin(), size.end());
        y = result_shape(x, w, settings);
        if (direction != Direction::fwd)
            require_shape(direction == Direction::dgrad ? first : second, y);
    }

    const Shape& result() const {
        return direction == Direction::fwd ? y : direction == Direction::dgrad ? x : w;
    }

    // The problem, with nothing yet of where the result goes.
    Conv problem() const {
        Conv p = mt::problem(x, w, y, settings);
        p.dtype = first.dtype();
        require_dtype(second, p.dtype);
        if (direction == Direction::dgrad)
            p.y = images(first);
        else
            p.x = images(first);
        if (direction == Direction::wgrad)
            p.y = images(second);
        else
            p.w = filters(second);
        return p;
    }
};

const ConvEntry& entry(const std::string& rung, Direction direction) {
    const ConvRung& found = rung_named(conv_table(), rung, "conv");
    return direction == Direction::fwd     ? found.fwd
           : direction == Direction::dgrad ? found.dgrad
                                           : found.wgrad;
}

void add_result(Conv& p, const Call& call, const Buffer& out) {
    require_dtype(out, p.dtype);
    require_result(out, call.result());
    if (call.direction == Direction::fwd) p.y = images(out);
    if (call.direction == Direction::dgrad) p.x = images(out);
    if (call.direction == Direction::wgrad) p.w = filters(out);
}

void add_bias(Conv& p, const Maybe& given) {
    if (!given) return;
    Buffer b = buffer("bias", *given);
    require_dtype(b, p.dtype);
    require_shape(b, {p.K});
    require_contiguous(b);
    p.bias = b.data;
}

void run(Direction direction, const std::string& rung, py::handle first, py::handle second,
         py::handle result, const Settings& settings, const Maybe& bias, bool relu,
         const Maybe& workspace, std::uintptr_t stream) {
    const ConvEntry& way = entry(rung, direction);
    Buffer out = buffer(NAMES[int(direction)].result, result);
    require_rank(out, 3, 5);
    Call call(direction, first, second, Shape(out.shape.begin() + 2, out.shape.end()), settings);
    Conv p = call.problem();
    add_result(p, call, out);
    add_bias(p, bias);
    p.relu = relu;
    p.stream = as_stream(stream);
    if (std::string reason = way.supports(p); !reason.empty())
        throw py::value_error(std::string("conv ") + NAMES[int(direction)].direction + " " + rung +
                              ": " + reason);
    p.workspace = require_workspace(workspace, way.workspace(p));
    if (out.size() == 0) return;
    py::gil_scoped_release released;
    way.run(p);
}

// conv_<direction>, and what is asked of a rung before.
void bind_direction(py::module_& module, Direction d) {
    const Names& names = NAMES[int(d)];
    const std::string name = std::string("conv_") + names.direction;
    typedef const std::string& Name;
    module.def(
        name.c_str(),
        [d](Name rung, py::handle first, py::handle second, py::handle result, const Shape& stride,
            const Pairs& pad, const Shape& dilation, long long groups, const Maybe& bias, bool relu,
            const Maybe& workspace, std::uintptr_t stream) {
            if (d != Direction::fwd && (bias || relu))
                throw py::value_error("bias and relu belong to conv_fwd");
            run(d, rung, first, second, result, {stride, pad, dilation, groups}, bias, relu,
                workspace, stream);
        },
        py::arg("rung"), py::arg(names.first), py::arg(names.second), py::arg(names.result),
        py::arg("stride"), py::arg("pad"), py::arg("dilation"), py::arg("groups") = 1,
        py::arg("bias") = py::none(), py::arg("relu") = false, py::arg("workspace") = py::none(),
        py::arg("stream") = 0,
        "Fill the result; its axes may lie in memory in any order. pad has (before, after).");
    auto ask = [&](const char* suffix, auto member, const char* text) {
        module.def((name + suffix).c_str(),
                   [d, member](Name rung, py::handle first, py::handle second, const Shape& size,
                               const Shape& stride, const Pairs& pad, const Shape& dilation,
                               long long groups) {
                       Call call(d, first, second, size, {stride, pad, dilation, groups});
                       return (entry(rung, d).*member)(call.problem());
                   },
                   py::arg("rung"), py::arg(names.first), py::arg(names.second), py::arg("size"),
                   py::arg("stride"), py::arg("pad"), py::arg("dilation"), py::arg("groups") = 1,
                   text);
    };
    ask("_supports", &ConvEntry::supports,
        "Why the rung can't do this, or \"\"; size is the result's spatial shape.");
    ask("_workspace", &ConvEntry::workspace, "Bytes of workspace that the rung needs.");
}

}  // namespace

void bind_conv(py::module_& module, py::dict& rungs) {
    rungs["conv"] = describe(conv_table());
    for (Direction d : {Direction::fwd, Direction::dgrad, Direction::wgrad})
        bind_direction(module, d);
}

}  // namespace mt
