// How the copy engine walks images for a convolution: TMA's im2col mode.
//
// One instruction brings a column of places, each with as many channels as a row of 128 bytes has,
// as one tap sees them: what lies outside the image, beyond the last channel or beyond the last
// image comes as zeros. The engine goes through a box of pixels by the stride, W first, then H, D
// and from image to image, and reads each `tap` further on. With the box from `first` to what the
// last place sees at the first tap these are just the places of y, in their order.
#pragma once

#include "cuda/conv/chunks.cuh"

namespace mt::conv {

struct PixelMap {
    ptx::TensorMap map;
    int rank;  // with channels and images: 3, 4 or 5
};

// An array of images with channels last, and the places that are walked on it; axes as in Conv.
struct Pixels {
    const char* name;
    Dtype dtype;
    const void* data;
    long long channels, images, c, n, axis[3];               // sizes and strides
    int length[3], count[3], first[3], stride[3], reach[3];  // reach: the last tap's
    int axes;  // how many are walked; those in front are 1 long in all respects

    long long grain() const { return 16 / (long long)size_of(dtype); }

    // The tensor, innermost axis first; an axis of length 1 may have any stride.
    TensorView view() const {
        TensorView v{dtype, data, 2 + axes, {}, {}};
        v.size[0] = channels, v.stride[0] = 1;
        for (int i = 1; i <= axes; i++) v.size[i] = length[3 - i], v.stride[i] = axis[3 - i];
        v.size[axes + 1] = images, v.stride[axes + 1] = n;
        for (int i = 1; i < v.rank; i++)
            if (v.size[i] == 1) v.stride[i] = v.size[i - 1] * v.stride[i - 1];
        return v;
    }

    PixelMap map(int span, int pixels) const {
        Columns columns{{}, {}, span, pixels, Swizzle::b128};
        for (int i = 0; i < axes; i++) {
            const int a = 2 - i;
            columns.lower[i] = first[a], columns.step[i] = stride[a];
            columns.upper[i] = first[a] + (count[a] - 1) * stride[a] - (length[a] - 1);
        }
        return {ptx::im2col_map(view(), columns), 2 + axes};
    }

    // Why the engine can't, or "".
    std::string unfit() const {
        const std::string it = name;
        if (!images) return it + " has no images, and the copy engine nothing to copy";
        if (c != 1 || channels % grain())
            return it + " must have its channels last, and a multiple of " +
                   std::to_string(grain()) + " of them, as the copy engine takes 16 bytes a time";
        if (reinterpret_cast<std::uintptr_t>(data) % 16)
            return it + " is not aligned to 16 bytes, as the copy engine wants it";
        const TensorView v = view();
        for (int i = 1; i < v.rank; i++)
            if (v.stride[i] % grain() || v.stride[i] < v.size[i - 1] * v.stride[i - 1])
                return it + " has strides that the copy engine can't take: each must be a " +
                       "multiple of 16 bytes and reach over the axis within";
        return beyond_limits();
    }

  private:
    // A map has so many bits for the corners of the box, the offsets of taps, and the steps.
    std::string beyond_limits() const {
        const int corner = axes == 1 ? 1 << 15 : axes == 2 ? 1 << 7 : 1 << 4;
        for (int a = 3 - axes; a < 3; a++) {
            const int upper = first[a] + (count[a] - 1) * stride[a] - (length[a] - 1);
            if (stride[a] > 8) return "the copy engine takes strides up to 8";
            if (reach[a] >= 2 * corner)
                return "the copy engine takes windows up to " + std::to_string(2 * corner) +
                       " wide on " + std::to_string(axes) + " axes";
            if (std::min(first[a], upper) < -corner || std::max(first[a], upper) >= corner)
                return "the copy engine takes places up to " + std::to_string(corner) +
                       " outside of an image of " + std::to_string(axes) + " axes";
        }
        return "";
    }
};

template <class T>
int walked_axes(const Correlation<T>& c) {
    for (int a = 0; a < 2; a++)
        if (c.length[a] != 1 || c.count[a] != 1 || c.taps[a] != 1 || c.first[a] != 0) return 3 - a;
    return 1;
}

// What the taps see.
template <class T>
Pixels pixels_seen(const char* name, const Conv& p, const Correlation<T>& c) {
    Pixels x{name, p.dtype, c.image, c.inputs, c.images, c.i_c, c.i_n, {}, {}, {}, {}, {}, {}, 0};
    x.axes = walked_axes(c);
    for (int a = 0; a < 3; a++) {
        x.axis[a] = c.i_axis[a], x.length[a] = c.length[a], x.count[a] = c.count[a];
        x.first[a] = c.first[a], x.stride[a] = c.stride[a];
        x.reach[a] = (c.taps[a] - 1) * c.step[a];
    }
    return x;
}
// The places themselves, of dy in wgrad.
template <class T>
Pixels pixels_made(const char* name, const Conv& p, const Correlation<T>& c) {
    Pixels y{name, p.dtype, c.y, c.outputs, c.images, c.y_c, c.y_n, {}, {}, {}, {}, {}, {}, 0};
    y.axes = walked_axes(c);
    for (int a = 0; a < 3; a++) {
        y.axis[a] = c.y_axis[a], y.length[a] = y.count[a] = c.count[a];
        y.stride[a] = 1;
    }
    return y;
}

// ---- on the device ------------------------------------------------------------------------------

// Where a place stands, and in which image.
struct Spot {
    int at[3], image;
    template <class T>
    __device__ __forceinline__ Spot(const Correlation<T>& c, int m) {
#pragma unroll
        for (int a = 2; a >= 0; a--) at[a] = c.by_place[a].split(m);
        image = m;
    }
    // What it sees first.
    template <class T>
    __device__ __forceinline__ Spot seen(const Correlation<T>& c) const {
        Spot spot = *this;
#pragma unroll
        for (int a = 0; a < 3; a++) spot.at[a] = at[a] * c.stride[a] + c.first[a];
        return spot;
    }
};

// Starts the copy of a column from `spot` and `channel` on, as the tap `tap` further on sees it.
template <class T>
__device__ __forceinline__ void load_pixels(T* to, const PixelMap& pixels, std::uint64_t* barrier,
                                            int channel, const Spot& spot, const int (&tap)[3]) {
    const int *at = spot.at, image = spot.image;
    const std::uint16_t d = tap[0], h = tap[1], w = tap[2];
    if (pixels.rank == 3)
        ptx::tensor_load_im2col(to, pixels.map, barrier, {channel, at[2], image}, {w});
    else if (pixels.rank == 4)
        ptx::tensor_load_im2col(to, pixels.map, barrier, {channel, at[2], at[1], image}, {w, h});
    else
        ptx::tensor_load_im2col(to, pixels.map, barrier, {channel, at[2], at[1], at[0], image},
                                {w, h, d});
}

}  // namespace mt::conv
