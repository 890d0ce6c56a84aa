// What the copy engine (TMA) must know of a tensor: host side, the same for both devices.
//
// ptx::tiled_map and ptx::im2col_map make a ptx::TensorMap of it, which a kernel takes as
// `const __grid_constant__ ptx::TensorMap map`. Axes go from the innermost outwards, as the copy
// engine counts them: an NHWC array has the axes C, W, H, N.
#pragma once

#include <stdexcept>
#include <string>

#include "cuda/common/types.hpp"

namespace mt {

// How the rows of a tile lie in shared memory. A pattern of `span` bytes exchanges the 16-byte
// pieces of a row so that a column of pieces lies in different banks: piece i of row r (rows of
// `span` bytes, from an address aligned to 8 spans) lies at piece i xor (r / (128 / span) %
// pieces).
enum class Swizzle { none, b32, b64, b128 };

constexpr int span_of(Swizzle swizzle) {
    return swizzle == Swizzle::none ? 0 : 16 << int(swizzle);
}

struct TensorView {
    Dtype dtype;
    const void* data;              // aligned to 16 bytes
    int rank;                      // 1 to 5
    long long size[5], stride[5];  // in elements; stride[0] is 1, the others multiples of 16 bytes
};

// Boxes of box[0] x box[1] x ...; every step[i]-th element along axis i, of ceil(box / step).
struct Tile {
    int box[5];
    Swizzle swizzle = Swizzle::none;
    int step[5] = {1, 1, 1, 1, 1};
};

// Columns of `pixels` pixels with `channels` channels each, out of a tensor C, W(, H(, D)), N.
// Pixels are walked W first, then H, D and N, by `step`, where coordinates go from lower[i] to
// size[i] - 1 + upper[i]; each is read `offset` further on. A convolution has lower = -pad,
// upper = pad - (R - 1) dilation, step = stride, and the offset r dilation.
struct Columns {
    int lower[3], upper[3];  // of W, H, D
    int channels, pixels;
    Swizzle swizzle = Swizzle::none;
    int step[3] = {1, 1, 1};
};

namespace tensor_map {

inline void require(bool good, const std::string& otherwise) {
    if (!good) throw std::runtime_error("tensor map: " + otherwise);
}

inline void check(const TensorView& x) {
    require(x.rank >= 1 && x.rank <= 5, "tensors have 1 to 5 axes");
    require(reinterpret_cast<std::uintptr_t>(x.data) % 16 == 0,
            "the tensor must be aligned to 16 bytes");
    require(x.stride[0] == 1, "the innermost axis must be contiguous");
    for (int i = 0; i < x.rank; i++) {
        const long long bytes = x.stride[i] * (long long)size_of(x.dtype);
        const std::string axis = "axis " + std::to_string(i);
        require(x.size[i] >= 1 && x.size[i] <= 1ll << 32, axis + " must have 1 to 2^32 elements");
        require(i == 0 || (bytes % 16 == 0 && bytes >= 0 && bytes < 1ll << 40),
                axis + " has a stride of " + std::to_string(bytes) +
                    " bytes, it must be a multiple of 16 below 2^40");
    }
}

inline void check_row(Dtype dtype, int elements, Swizzle swizzle) {
    const int bytes = elements * int(size_of(dtype)), span = span_of(swizzle);
    require(bytes % 16 == 0,
            "rows of a box must be multiples of 16 bytes, not " + std::to_string(bytes));
    require(!span || bytes == span, "rows of a box must fill the swizzle's " +
                                        std::to_string(span) + " bytes, not " +
                                        std::to_string(bytes));
}

inline void check(const TensorView& x, const Tile& t) {
    check(x);
    for (int i = 0; i < x.rank; i++) {
        require(t.box[i] >= 1 && t.box[i] <= 256, "a box has 1 to 256 elements along each axis");
        require(t.step[i] >= 1 && t.step[i] <= 8, "steps are 1 to 8");
    }
    require(t.step[0] == 1, "the innermost axis is read without a step");
    check_row(x.dtype, t.box[0], t.swizzle);
}

inline void check(const TensorView& x, const Columns& c) {
    check(x);
    require(x.rank >= 3, "im2col needs a tensor of 3 to 5 axes");
    require(c.channels >= 1 && c.channels <= 256, "columns have 1 to 256 channels");
    require(c.pixels >= 1 && c.pixels <= 1024, "columns have 1 to 1024 pixels");
    const int limit = x.rank == 3 ? 1 << 15 : x.rank == 4 ? 1 << 7 : 1 << 4;
    for (int i = 0; i < x.rank - 2; i++) {
        for (int corner : {c.lower[i], c.upper[i]})
            require(corner >= -limit && corner < limit,
                    "corners are from -" + std::to_string(limit) + " to " +
                        std::to_string(limit - 1) + " for a tensor of " + std::to_string(x.rank) +
                        " axes");
        require(c.lower[i] <= x.size[i + 1] - 1 + c.upper[i], "the box of pixels is empty");
        require(c.step[i] >= 1 && c.step[i] <= 8, "steps are 1 to 8");
    }
    check_row(x.dtype, c.channels, c.swizzle);
}

}  // namespace tensor_map

}  // namespace mt
