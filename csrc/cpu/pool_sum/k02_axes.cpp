// Sum and average pooling, rung 2: one axis after the other.
//
// Idea      A sum over a box is a sum down the columns and then one along the row of these sums:
//           R + S additions instead of R S, the first R in whole rows of the image.
// Changed   That; planes are shared among threads.
// Requires  Nothing.
// Launch    Tasks of whole planes, of some 65,000 elements each.
// Reading   sum_plane; unsum_plane is the same backwards.
#include "common/scratch.hpp"
#include "cpu/pool2d/walk.hpp"
#include "cpu/pool_sum/rungs.hpp"

namespace mt::MT_ISA {
namespace {

template <class T>
inline void add_row(const T* __restrict from, long count, T* __restrict to) {
    for (long i = 0; i < count; i++) to[i] += from[i];
}

// to[q] += from[q STRIDE]; 0: `stride` says it.
template <long STRIDE, class T>
inline void add_apart(const T* __restrict from, long stride, long count, T* __restrict to) {
    for (long q = 0; q < count; q++) to[q] += from[q * (STRIDE ? STRIDE : stride)];
}

// The windows of one row, given the sums of their columns.
template <class T>
void sum_row(const PoolSum& d, long p, const T* columns, T* y) {
    const Pool2d& at = d.at;
    const Range whole = inside(at.Q, at.S, at.stride_w, at.pad_w, at.W);
    const T rows = static_cast<T>(d.rows(p));
    auto one = [&](long q) {
        long w0 = q * at.stride_w - at.pad_w, end = std::min(w0 + at.S, at.W);
        T total = 0;
        for (long w = std::max(w0, 0L); w < end; w++) total += columns[w];
        y[q] = total / (rows * static_cast<T>(d.columns(q)));
    };
    for (long q = 0; q < whole.begin; q++) one(q);
    for (long q = whole.end; q < at.Q; q++) one(q);
    const long count = whole.end - whole.begin;
    if (count <= 0) return;
    T* to = y + whole.begin;
    const T* from = columns + whole.begin * at.stride_w - at.pad_w;
    for (long q = 0; q < count; q++) to[q] = from[q * at.stride_w];
    for (long s = 1; s < at.S; s++)
        at.stride_w == 1   ? add_apart<1>(from + s, 1, count, to)
        : at.stride_w == 2 ? add_apart<2>(from + s, 2, count, to)
                           : add_apart<0>(from + s, at.stride_w, count, to);
    if (d.mean == PoolMean::none) return;
    const T elements = rows * static_cast<T>(d.columns(whole.begin));
    for (long q = 0; q < count; q++) to[q] /= elements;
}

template <class T>
void sum_plane(const PoolSum& d, const T* x, T* y, T* columns) {
    const Pool2d& at = d.at;
    for (long p = 0; p < at.P; p++, y += at.Q) {
        long h0 = p * at.stride_h - at.pad_h, end = std::min(h0 + at.R, at.H);
        long h = std::max(h0, 0L);
        std::copy(x + h * at.W, x + (h + 1) * at.W, columns);
        while (++h < end) add_row(x + h * at.W, at.W, columns);
        sum_row(d, p, columns, y);
    }
}

// to[q STRIDE] += from[q]; 0: `stride` says it.
template <long STRIDE, class T>
inline void spread(const T* __restrict from, long stride, long count, T* __restrict to) {
    for (long q = 0; q < count; q++) to[q * (STRIDE ? STRIDE : stride)] += from[q];
}

// A row of windows, each shared out among its columns; `shares` has room for a value per window.
template <class T>
void unsum_row(const PoolSum& d, long p, const T* y, T* columns, T* shares) {
    const Pool2d& at = d.at;
    const Range whole = inside(at.Q, at.S, at.stride_w, at.pad_w, at.W);
    const T rows = static_cast<T>(d.rows(p));
    std::fill(columns, columns + at.W, T(0));
    auto one = [&](long q) {
        const long w0 = q * at.stride_w - at.pad_w, end = std::min(w0 + at.S, at.W);
        const T share = y[q] / (rows * static_cast<T>(d.columns(q)));
        for (long w = std::max(w0, 0L); w < end; w++) columns[w] += share;
    };
    for (long q = 0; q < whole.begin; q++) one(q);
    for (long q = whole.end; q < at.Q; q++) one(q);
    const long count = whole.end - whole.begin;
    if (count <= 0) return;
    const T elements = rows * static_cast<T>(d.columns(whole.begin));
    for (long q = 0; q < count; q++) shares[q] = y[whole.begin + q] / elements;
    T* to = columns + whole.begin * at.stride_w - at.pad_w;
    for (long s = 0; s < at.S; s++)
        at.stride_w == 1   ? spread<1>(shares, 1, count, to + s)
        : at.stride_w == 2 ? spread<2>(shares, 2, count, to + s)
                           : spread<0>(shares, at.stride_w, count, to + s);
}

template <class T>
void unsum_plane(const PoolSum& d, const T* y, T* x, T* columns) {
    T* shares = columns + d.at.W;
    const Pool2d& at = d.at;
    std::fill(x, x + at.H * at.W, T(0));
    for (long p = 0; p < at.P; p++, y += at.Q) {
        unsum_row(d, p, y, columns, shares);
        long h0 = p * at.stride_h - at.pad_h, end = std::min(h0 + at.R, at.H);
        for (long h = std::max(h0, 0L); h < end; h++) add_row(columns, at.W, x + h * at.W);
    }
}

template <class T>
void sum(const PoolSum& d, int threads, const T* x, T* y) {
    for_each_plane(d.at, threads, [&](long n) {
        T* columns = thread_scratch().reserve<T>(d.at.W);
        sum_plane(d, x + n * d.at.H * d.at.W, y + n * d.at.P * d.at.Q, columns);
    });
}

template <class T>
void unsum(const PoolSum& d, int threads, const T* y, T* x) {
    for_each_plane(d.at, threads, [&](long n) {
        T* columns = thread_scratch().reserve<T>(d.at.W + d.at.Q);
        unsum_plane(d, y + n * d.at.P * d.at.Q, x + n * d.at.H * d.at.W, columns);
    });
}

}  // namespace

template <class T>
PoolSumKernels<T> pool_sum_k02_axes() {
    return {sum<T>, unsum<T>};
}

template PoolSumKernels<float> pool_sum_k02_axes<float>();
template PoolSumKernels<double> pool_sum_k02_axes<double>();

}  // namespace mt::MT_ISA
