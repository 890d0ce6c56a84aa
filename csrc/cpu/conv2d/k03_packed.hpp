// What the three directions of the packed convolution share: scratch, frames, offsets of taps.
#pragma once

#include <algorithm>
#include <cstddef>

#include "common/parallel.hpp"
#include "cpu/conv2d/rungs.hpp"
#include "cpu/pack.hpp"
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
// nowhere. With a stride the columns that a tap sees come to lie beside each other: first every
// stride-th from column 0 on, then those from column 1 on, and so forth.
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
        W = round_up(W, d.stride_w);
        copied = H != d.H || W != d.W || d.stride_w > 1;
        image = d.C * H * W;
        copy = pieces.take(copied ? d.N * image + NR<T> : 0);
    }

    long column(const Conv2d& d, long w) const {
        return w % d.stride_w * (W / d.stride_w) + w / d.stride_w;
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
                    copy_row(d, from, to + (h + d.pad_h) * W);
            }
        });
    }

    void copy_row(const Conv2d& d, const T* __restrict from, T* __restrict to) const {
        const long step = d.stride_w;
        for (long w = 0; w < std::min(step, d.W); w++) {
            T* __restrict part = to + column(d, w + d.pad_w);
            const T* __restrict at = from + w;
            const long count = (d.W - w + step - 1) / step;
            if (step == 1)
                std::copy(at, at + count, part);
            else if (step == 2)  // a constant, so that it is done by vectors
                for (long i = 0; i < count; i++) part[i] = at[2 * i];
            else
                for (long i = 0; i < count; i++) part[i] = at[step * i];
        }
    }

    // Where each tap of a group's filter looks, relative to where its window begins.
    void fill_offsets(const Conv2d& d, long* offsets) const {
        for (long c = 0; c < d.depth(); c++)
            for (long r = 0; r < d.R; r++)
                for (long s = 0; s < d.S; s++)
                    *offsets++ = (c * H + r * d.dilation_h) * W + column(d, s * d.dilation_w);
    }
};

}  // namespace mt::MT_ISA
