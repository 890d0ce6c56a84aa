// Convolution, rung 3, input gradient: a matrix product, folded back while it is in the cache.
//
// Idea      w' dy tells, for every position, what each tap of its window receives; added up where
//           the windows overlap, that is dx. The product is made for a strip of channels and some
//           rows of positions at a time, so that it is folded before it leaves the cache.
// Changed   As in the forward: register tiles on packed operands.
// Requires  Nothing. Any stride, padding and dilation: only the fold knows of them.
// Launch    A task per image, group and strip of channels; it alone writes to these planes of dx.
// Reading   fold, then the task in dgrad.
#include "cpu/conv2d/k03_packed.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long BLOCK = 256;      // about so many positions at a time: whole rows of them
constexpr long COLUMNS = 65536;  // about so many numbers of the product at a time

template <class T>
struct Scratch {
    Pieces<T> pieces;
    long rows, width;             // rows of positions at a time; their positions, rounded up
    long channels, strips, taps;  // channels of a strip; its taps, rounded up
    long panel_room, column_room;
    T *filters, *panels, *columns;

    Scratch(const Conv2d& d, int threads, T* base)
        : pieces(base),
          rows(std::max(1L, std::min(d.P, BLOCK / std::max(1L, d.Q)))),
          width(round_up(rows * d.Q, NR<T>)),
          channels(std::clamp(COLUMNS / std::max(1L, d.R * d.S * width), 1L, d.depth())),
          strips((d.depth() + channels - 1) / channels),
          taps(round_up(channels * d.R * d.S, MR)),
          panel_room(width * std::min(KC, d.filters())),
          column_room(taps * width),
          filters(pieces.take(d.groups * strips * taps * d.filters())),
          panels(pieces.take(threads * panel_room)),
          columns(pieces.take(threads * column_room)) {}
};

template <class T>
std::size_t dgrad_scratch(const Conv2d& d, int threads) {
    return Scratch<T>(d, threads, nullptr).pieces.elements();
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
        for (long i = 0; i < count; i += MR)
            pack_rows(from + i, 1, d.taps(), count - i, d.filters(), to + i * d.filters());
    });
}

// NR positions of each of `steps` planes of dy, `count` of which are there.
template <class T>
inline void pack_panel(const T* from, long plane, long count, long steps, T* to) {
    for (long k = 0; k < steps; k++, from += plane, to += NR<T>)
        if (count >= NR<T>)
            std::copy(from, from + NR<T>, to);
        else
            for (long j = 0; j < NR<T>; j++) to[j] = j < count ? from[j] : T(0);
}

// Add what `channels` planes of dx receive from rows [p0, p1) of positions.
template <class T>
void fold(const Conv2d& d, const T* columns, long width, long p0, long p1, long channels, T* dx) {
    for (long c = 0; c < channels; c++, dx += d.H * d.W)
        for (long r = 0; r < d.R; r++)
            for (long s = 0; s < d.S; s++, columns += width) {
                long shift = s * d.dilation_w - d.pad_w;
                long begin = shift < 0 ? (-shift + d.stride_w - 1) / d.stride_w : 0;
                long end = d.W > shift ? std::min(d.Q, (d.W - shift - 1) / d.stride_w + 1) : 0;
                for (long p = p0; p < p1; p++) {
                    long h = p * d.stride_h + r * d.dilation_h - d.pad_h;
                    if (h < 0 || h >= d.H) continue;
                    const T* __restrict from = columns + (p - p0) * d.Q;
                    T* __restrict to = dx + h * d.W + shift;
                    if (d.stride_w == 1)
                        for (long q = begin; q < end; q++) to[q] += from[q];
                    else
                        for (long q = begin; q < end; q++) to[q * d.stride_w] += from[q];
                }
            }
}

template <class T>
void dgrad(const Conv2d& d, int threads, const T* dy, const T* w, T* dx, T* base) {
    const Scratch<T> scratch(d, threads, base);
    pack_filters(d, threads, w, scratch);
    const long filters = d.filters(), positions = d.positions(), width = scratch.width;
    parallel_for(d.N * d.groups * scratch.strips, threads, [&](long task, int worker) {
        long first = task % scratch.strips * scratch.channels;
        long group = task / scratch.strips % d.groups, n = task / scratch.strips / d.groups;
        long channels = std::min(scratch.channels, d.depth() - first);
        const T* panels_w = scratch.filters + (group * scratch.strips + task % scratch.strips) *
                                                  scratch.taps * filters;
        T* panels = scratch.panels + worker * scratch.panel_room;
        T* columns = scratch.columns + worker * scratch.column_room;
        T* out = dx + (n * d.C + group * d.depth() + first) * d.H * d.W;
        std::fill(out, out + channels * d.H * d.W, T(0));
        for (long p = 0; p < d.P; p += scratch.rows) {
            long p1 = std::min(d.P, p + scratch.rows), count = (p1 - p) * d.Q;
            for (long k = 0; k < filters; k += KC) {
                long steps = std::min(KC, filters - k);
                const T* from = dy + (n * d.K + group * filters + k) * positions + p * d.Q;
                for (long j = 0; j < count; j += NR<T>)
                    pack_panel(from + j, positions, count - j, steps, panels + j * steps);
                tiles(round_up(channels * d.R * d.S, MR), round_up(count, NR<T>), steps,
                      panels_w + k * MR, MR * filters, panels, columns, width, k > 0);
            }
            fold(d, columns, width, p, p1, channels, out);
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
