// What rungs 2 and 3 of max pooling share: the walk over a plane and the windows on its border.
#pragma once

#include "common/bits.hpp"
#include "common/parallel.hpp"
#include "cpu/pool2d/rungs.hpp"

namespace mt::MT_ISA {

struct Range {
    long begin, end;
};

// Windows along one axis that lie wholly inside the image.
inline Range inside(long windows, long size, long stride, long pad, long length) {
    long begin = (pad + stride - 1) / stride;
    long end = length + pad < size ? 0 : (length + pad - size) / stride + 1;
    if (end > windows) end = windows;
    return {begin < end ? begin : end, end};
}

// One window that may reach over the border.
template <class T>
inline void max_window(const Pool2d& d, const T* x, long p, long q, T& best, Bits<T>& place) {
    long h0 = p * d.stride_h - d.pad_h, w0 = q * d.stride_w - d.pad_w;
    bool found = false;
    for (long r = h0 < 0 ? -h0 : 0; r < d.R && h0 + r < d.H; r++)
        for (long s = w0 < 0 ? -w0 : 0; s < d.S && w0 + s < d.W; s++) {
            T seen = x[(h0 + r) * d.W + w0 + s];
            if (found && (seen <= best || best != best)) continue;
            found = true;
            best = seen;
            place = static_cast<Bits<T>>(r * d.S + s);
        }
}

// One step of the search, without a branch.
template <class T>
inline void look(T seen, Bits<T> here, T& best, Bits<T>& place) {
    Bits<T> better = -Bits<T>(!(seen <= best) & (best == best));
    best = from_bits<T>((to_bits(seen) & better) | (to_bits(best) & ~better));
    place = (here & better) | (place & ~better);
}

// Places on their way to `index`. They are as wide as T until here, so that all lanes of the search
// are of one width, and are narrowed many at a time.
template <class T, class I>
class Places {
  public:
    static constexpr long MOST = 512;

    explicit Places(I* index) : index_(index) {}

    // Room for the next `count` <= MOST.
    Bits<T>* next(long count) {
        if (used_ + count > MOST) flush();
        used_ += count;
        return held_ + used_ - count;
    }

    void flush() {
        for (long i = 0; i < used_; i++) index_[i] = static_cast<I>(held_[i]);
        index_ += used_;
        used_ = 0;
    }

  private:
    I* index_;
    long used_ = 0;
    Bits<T> held_[MOST];
};

// Kind::max does windows beside each other that lie inside the image.
template <class T, class I, class Kind>
void max_plane(const Pool2d& d, const T* x, T* y, I* index) {
    Range rows = inside(d.P, d.R, d.stride_h, d.pad_h, d.H);
    Range columns = inside(d.Q, d.S, d.stride_w, d.pad_w, d.W);
    Places<T, I> places(index);
    for (long p = 0; p < d.P; p++, y += d.Q) {
        bool whole = p >= rows.begin && p < rows.end;
        long begin = whole ? columns.begin : 0, end = whole ? columns.end : 0;
        const T* row = x + (p * d.stride_h - d.pad_h) * d.W - d.pad_w;
        for (long q = 0; q < begin; q++) max_window(d, x, p, q, y[q], *places.next(1));
        for (long q = begin, n; q < end; q += n) {
            n = end - q < places.MOST ? end - q : places.MOST;
            Kind::max(d, row + q * d.stride_w, n, y + q, places.next(n));
        }
        for (long q = end; q < d.Q; q++) max_window(d, x, p, q, y[q], *places.next(1));
    }
    places.flush();
}

template <class Body>
void for_each_plane(const Pool2d& d, int threads, const Body& body) {
    constexpr long TASK = 65536;  // elements; waking a thread takes as long as 40,000 do
    long elements = d.H * d.W + 1, planes = elements > TASK ? 1 : TASK / elements;
    parallel_for((d.N + planes - 1) / planes, threads, [&](long task, int) {
        long end = (task + 1) * planes < d.N ? (task + 1) * planes : d.N;
        for (long n = task * planes; n < end; n++) body(n);
    });
}

inline bool is(const Pool2d& d, long size, long stride) {
    return d.R == size && d.S == size && d.stride_h == stride && d.stride_w == stride;
}

}  // namespace mt::MT_ISA
