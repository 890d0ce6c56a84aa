// What the three directions of the packed convolution share: scratch, frames, offsets of taps.
#pragma once

#include <algorithm>
#include <cstddef>

#include "common/parallel.hpp"
#include "cpu/conv2d/rungs.hpp"
#include "cpu/tile.hpp"

namespace mt::MT_ISA {

// Cuts scratch memory into pieces. With a null base it only measures.
template <class T>
class Pieces {
  public:
    explicit Pieces(T* base) : base_(base) {}

    template <class U = T>
    U* take(long count) {
        std::size_t at = used_;
        used_ += (count * sizeof(U) + 63) / 64 * 64;  // whole cache lines
        return base_ ? reinterpret_cast<U*>(reinterpret_cast<char*>(base_) + at) : nullptr;
    }
    std::size_t elements() const { return used_ / sizeof(T) + 64; }

  private:
    T* base_;
    std::size_t used_ = 0;
};

// The images with as many zeros around them as the windows reach, or x itself if they reach
// nowhere.
template <class T>
struct Frames {
    bool copied;
    long H, W, image;  // size of a framed plane; elements of a framed image
    T* copy;
    const T* data = nullptr;
    const T* end = nullptr;  // of what may be read

    Frames(const Conv2d& d, Pieces<T>& pieces) {
        H = std::max(d.pad_h + d.H, (d.P - 1) * d.stride_h + (d.R - 1) * d.dilation_h + 1);
        W = std::max(d.pad_w + d.W, (d.Q - 1) * d.stride_w + (d.S - 1) * d.dilation_w + 1);
        copied = H != d.H || W != d.W;
        image = d.C * H * W;
        copy = pieces.take(copied ? d.N * image + NR<T> : 0);
    }

    void fill(const Conv2d& d, int threads, const T* x) {
        data = copied ? copy : x;
        end = data + d.N * image + (copied ? NR<T> : 0);
        if (!copied) return;
        parallel_for(d.N, threads, [&](long n, int) {
            const T* from = x + n * d.C * d.H * d.W;
            T* to = copy + n * image;
            for (long c = 0; c < d.C; c++, to += H * W) {
                std::fill(to, to + H * W, T(0));
                for (long h = 0; h < d.H; h++, from += d.W)
                    std::copy(from, from + d.W, to + (h + d.pad_h) * W + d.pad_w);
            }
        });
    }
};

// Where each tap of a group's filter looks, relative to where its window begins.
inline void fill_offsets(const Conv2d& d, long height, long width, long* offsets) {
    for (long c = 0; c < d.depth(); c++)
        for (long r = 0; r < d.R; r++)
            for (long s = 0; s < d.S; s++)
                *offsets++ = (c * height + r * d.dilation_h) * width + s * d.dilation_w;
}

// A panel of MR rows of a matrix, step after step; rows that are not there are 0.
template <class T>
inline void pack_rows(const T* from, long row_stride, long step_stride, long rows, long steps,
                      T* to) {
    for (long k = 0; k < steps; k++)
        for (long i = 0; i < MR; i++)
            *to++ = i < rows ? from[i * row_stride + k * step_stride] : T(0);
}

}  // namespace mt::MT_ISA
