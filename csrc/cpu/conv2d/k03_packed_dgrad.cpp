// Convolution, rung 3, input gradient: a matrix product, folded back while it is in the cache.
//
// Idea      w' dy tells, for every position, what each tap of its window receives; added up where
//           the windows overlap, that is dx. The product is made for a strip of channels and some
//           rows of positions at a time (or some small images), so that it is folded before it
//           leaves the cache.
// Changed   As in the forward: register tiles on packed operands.
// Requires  Nothing. Any stride, padding and dilation: only the fold knows of them.
// Launch    A task per few images, group and strip of channels; it alone writes to these planes.
// Reading   fold, then the task in dgrad.
#include "cpu/conv2d/k03_packed.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long BLOCK = 256;      // about so many positions at a time: whole rows of them
constexpr long WIDE = 8;         // panels that are packed at a time
constexpr long COLUMNS = 65536;  // about so many numbers of the product at a time

template <class T>
struct Scratch {
    Pieces<T> pieces;
    long images, rows, width;     // images and rows at a time; their positions, rounded up
    long channels, strips, taps;  // channels of a strip; its taps, rounded up
    long split_row;               // of dx, with its padding, if its columns are split
    long panel_room, column_room, split_room;
    T *filters, *panels, *columns, *split;

    Scratch(const Conv2d& d, int threads, T* base)
        : pieces(base),
          images(std::clamp(BLOCK / std::max(1L, d.positions()), 1L, std::max(1L, d.N))),
          rows(std::max(1L, std::min(d.P, BLOCK / std::max(1L, d.Q)))),
          width(round_up(images * rows * d.Q, NR<T>)),
          channels(std::clamp(COLUMNS / std::max(1L, d.R * d.S * width), 1L, d.depth())),
          strips((d.depth() + channels - 1) / channels),
          taps(round_up(channels * d.R * d.S, MR)),
          split_row(framed_row(d)),
          panel_room(width * std::min(KC, d.filters())),
          column_room(taps * width),
          split_room(d.stride_w > 1 ? channels * d.H * split_row : 0),
          filters(pieces.take(d.groups * strips * taps * d.filters())),
          panels(pieces.take(threads * panel_room)),
          columns(pieces.take(threads * column_room)),
          split(pieces.take(threads * split_room)) {}

    static long framed_row(const Conv2d& d) {
        long reach = (d.Q - 1) * d.stride_w + (d.S - 1) * d.dilation_w + 1;
        return round_up(std::max(d.pad_w + d.W, reach), d.stride_w);
    }
    // Where column w of the padded image stands in a split row: first every stride-th from column 0
    // on, then those from column 1 on, and so forth. What a tap receives lies side by side there.
    long column(const Conv2d& d, long w) const {
        return w % d.stride_w * (split_row / d.stride_w) + w / d.stride_w;
    }
};

template <class T>
std::size_t dgrad_scratch(const Conv2d& d, int threads) {
    return Scratch<T>(d, threads, nullptr).pieces.elements();
}

// Some panels of MR taps beside each other, all at once: a filter's taps lie along memory.
template <class T>
inline void turn(const T* from, long row, long count, long filters, T* to) {
    for (long k = 0; k < filters; k++, from += row)
        for (long i = 0; i < round_up(count, MR); i += MR) {
            T* at = to + i * filters + k * MR;
            if (i + MR <= count)
                __builtin_memcpy(at, from + i, MR * sizeof(T));
            else
                for (long j = 0; j < MR; j++) at[j] = i + j < count ? from[i + j] : T(0);
        }
}

// The filters of every strip, turned: panels of MR taps, a step for each filter of the group.
template <class T>
void pack_filters(const Conv2d& d, int threads, const T* w, const Scratch<T>& scratch) {
    bool few = d.K * d.taps() < 65536;
    parallel_for(d.groups * scratch.strips, few ? 1 : threads, [&](long task, int) {
        long group = task / scratch.strips, first = task % scratch.strips * scratch.channels;
        long count = std::min(scratch.channels, d.depth() - first) * d.R * d.S;
        const T* from = w + group * d.filters() * d.taps() + first * d.R * d.S;
        T* to = scratch.filters + task * scratch.taps * d.filters();
        for (long i = 0; i < count; i += WIDE * MR)
            turn(from + i, d.taps(), std::min(WIDE * MR, count - i), d.filters(),
                 to + i * d.filters());
    });
}

// Positions of some images that are done together: `each` of an image, from row p0 to p1.
struct Block {
    long n, images, p0, p1, each;
    long count() const { return images * each; }
};

// NR positions, `first` and on, of each of `steps` planes of dy, NR numbers a step.
template <class T>
inline void pack_panel(const Conv2d& d, const Block& block, const T* dy, long first, long steps,
                       T* to) {
    const long plane = d.positions(), count = std::min(NR<T>, block.count() - first);
    long from[NR<T>] = {};
    for (long j = 0; j < count; j++)
        from[j] = (first + j) / block.each * d.K * plane + (first + j) % block.each;
    if (count == NR<T> && from[NR<T> - 1] - from[0] == NR<T> - 1)
        for (long k = 0; k < steps; k++, dy += plane, to += NR<T>)
            std::copy(dy + from[0], dy + from[0] + NR<T>, to);
    else
        for (long k = 0; k < steps; k++, dy += plane, to += NR<T>)
            for (long j = 0; j < NR<T>; j++) to[j] = j < count ? dy[from[j]] : T(0);
}

// Add what `channels` planes receive from rows [p0, p1) of positions of an image.
template <class T>
void fold(const Conv2d& d, const Scratch<T>& scratch, const Block& block, const T* columns,
          long channels, T* planes) {
    const bool split = d.stride_w > 1;
    const long row = split ? scratch.split_row : d.W;
    for (long c = 0; c < channels; c++, planes += d.H * row)
        for (long r = 0; r < d.R; r++)
            for (long s = 0; s < d.S; s++, columns += scratch.width) {
                long shift =
                    split ? scratch.column(d, s * d.dilation_w) : s * d.dilation_w - d.pad_w;
                long begin = split ? 0 : std::max(0L, -shift);
                long end = split ? d.Q : std::min(d.Q, d.W - shift);
                for (long p = block.p0; p < block.p1; p++) {
                    long h = p * d.stride_h + r * d.dilation_h - d.pad_h;
                    if (h < 0 || h >= d.H) continue;
                    const T* __restrict from = columns + (p - block.p0) * d.Q;
                    T* __restrict to = planes + h * row + shift;
                    for (long q = begin; q < end; q++) to[q] += from[q];
                }
            }
}

// Split rows back into rows, without their padding.
template <class T>
void join(const Conv2d& d, const Scratch<T>& scratch, const T* from, long rows, T* __restrict to) {
    const long step = d.stride_w;
    for (; rows > 0; rows--, from += scratch.split_row, to += d.W) {
        long w = 0;
        if (step == 2) {  // two at a time, so that it is done by vectors
            const T* __restrict even = from + scratch.column(d, d.pad_w);
            const T* __restrict odd = from + scratch.column(d, d.pad_w + 1);
            for (; w + 1 < d.W; w += 2) to[w] = even[w / 2], to[w + 1] = odd[w / 2];
        }
        for (; w < d.W; w++) to[w] = from[scratch.column(d, w + d.pad_w)];
    }
}

template <class T>
void dgrad(const Conv2d& d, int threads, const T* dy, const T* w, T* dx, T* base) {
    const Scratch<T> scratch(d, threads, base);
    pack_filters(d, threads, w, scratch);
    const long filters = d.filters(), plane = d.H * d.W, strips = scratch.strips;
    const long runs = (d.N + scratch.images - 1) / scratch.images;
    parallel_for(runs * d.groups * strips, threads, [&](long task, int worker) {
        const long strip = task % strips, group = task / strips % d.groups;
        const long first = strip * scratch.channels, n = task / strips / d.groups * scratch.images;
        const long images = std::min(scratch.images, d.N - n);
        const long channels = std::min(scratch.channels, d.depth() - first);
        const T* panels_w = scratch.filters + (group * strips + strip) * scratch.taps * filters;
        T* panels = scratch.panels + worker * scratch.panel_room;
        T* columns = scratch.columns + worker * scratch.column_room;
        T* split = scratch.split + worker * scratch.split_room;
        if (!d.P)
            std::fill_n(dx + (n * d.C + group * d.depth() + first) * plane, channels * plane, T(0));
        for (long p = 0; p < d.P; p += scratch.rows) {
            const long p1 = std::min(d.P, p + scratch.rows);
            const Block block{n, images, p, p1, (p1 - p) * d.Q};
            for (long k = 0; k < filters; k += KC) {
                long steps = std::min(KC, filters - k);
                const T* from = dy + (n * d.K + group * filters + k) * d.positions() + p * d.Q;
                for (long j = 0; j < block.count(); j += NR<T>)
                    pack_panel(d, block, from, j, steps, panels + j * steps);
                tiles(round_up(channels * d.R * d.S, MR), round_up(block.count(), NR<T>), steps,
                      panels_w + k * MR, MR * filters, panels, columns, scratch.width, k > 0);
            }
            for (long i = 0; i < images; i++) {
                T* out = dx + ((n + i) * d.C + group * d.depth() + first) * plane;
                T* to = d.stride_w > 1 ? split : out;
                if (p == 0)
                    std::fill_n(to, channels * (to == split ? d.H * scratch.split_row : plane),
                                T(0));
                fold(d, scratch, block, columns + i * block.each, channels, to);
                if (to == split && p1 == d.P) join(d, scratch, split, channels * d.H, out);
            }
        }
    });
}

}  // namespace

template <class T>
void add_k03_packed_dgrad(Conv2dKernels<T>& kernels) {
    kernels.dgrad = dgrad<T>, kernels.dgrad_scratch = dgrad_scratch<T>;
}

template void add_k03_packed_dgrad(Conv2dKernels<float>&);
template void add_k03_packed_dgrad(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
