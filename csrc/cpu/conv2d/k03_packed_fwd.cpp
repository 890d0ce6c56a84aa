// Convolution, rung 3, forward: a matrix product whose right side is never written down.
//
// Idea      y = w x', where column j of x' holds all that the window at position j sees. The
// product
//           is done in register tiles (cpu/tile.hpp), which want their operands packed anyway:
//           the packing of x' reads straight from the image.
// Changed   A number that is loaded is used for MR filters or NR positions, not for one.
// Requires  Nothing; vectors of the instruction set, of any width.
// Launch    A task per image, group and block of positions. The filters are packed once.
// Reading   tile in cpu/tile.hpp; then pack_panel, then the task in fwd.
#include "cpu/conv2d/k03_packed.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long BLOCK = 768;  // positions of a task, a multiple of every NR

template <class T>
struct Scratch {
    Pieces<T> pieces;
    long *offsets, block, panel_rows;
    T *filters, *panels;
    Frames<T> frames;

    Scratch(const Conv2d& d, int threads, T* base)
        : pieces(base),
          offsets(pieces.template take<long>(d.taps())),
          block(std::min(BLOCK, round_up(d.positions(), NR<T>))),
          panel_rows(block * KC + NR<T>),
          filters(pieces.take(d.groups * round_up(d.filters(), MR) * d.taps())),
          panels(pieces.take(threads * panel_rows)),
          frames(d, pieces) {}
};

template <class T>
std::size_t fwd_scratch(const Conv2d& d, int threads) {
    return Scratch<T>(d, threads, nullptr).pieces.elements();
}

// Up to NR positions beside each other, as runs of neighbours in memory.
template <class T>
struct Positions {
    long count, runs = 0;
    long from[NR<T>], run_at[NR<T>];

    Positions(const Conv2d& d, long width, long first) {
        count = std::min(NR<T>, d.positions() - first);
        for (long j = 0; j < count; j++) {
            from[j] = (first + j) / d.Q * d.stride_h * width + (first + j) % d.Q * d.stride_w;
            if (j == 0 || from[j] != from[j - 1] + 1) run_at[runs++] = j;
        }
    }
};

// What the windows at these positions see through taps [0, steps), NR numbers a tap.
template <class T>
inline void pack_panel(const Positions<T>& at, const T* image, const T* end, const long* offsets,
                       long steps, T* to) {
    if (at.runs > at.count / 2) {  // a stride, or rows too short to gain by copying runs
        for (long k = 0; k < steps; k++, to += NR<T>)
            for (long j = 0; j < at.count; j++) to[j] = image[offsets[k] + at.from[j]];
        return;
    }
    for (long k = 0; k < steps; k++, to += NR<T>)
        for (long i = 0; i < at.runs; i++) {
            long j = at.run_at[i];
            const T* run = image + offsets[k] + at.from[j];
            // A whole panel's width, whatever the run's length: the next run, the next tap and
            // the room behind the last panel take what is too much.
            if (end - run >= NR<T>)
                store(to + j, load(run)),
                    store(to + j + Simd<T>::LANES, load(run + Simd<T>::LANES));
            else
                std::copy(run, end, to + j);
        }
}

template <class T>
void pack_filters(const Conv2d& d, int threads, const T* w, T* to) {
    const long panels = round_up(d.filters(), MR) / MR;
    const bool few = d.K * d.taps() < 65536;
    parallel_for(d.groups * panels, few ? 1 : threads, [&](long task, int) {
        long group = task / panels, first = task % panels * MR;
        pack_rows(w + (group * d.filters() + first) * d.taps(), d.taps(), 1, d.filters() - first,
                  d.taps(), to + task * MR * d.taps());
    });
}

template <class T>
void fwd(const Conv2d& d, int threads, const T* x, const T* w, const T* b, T* y, T* base) {
    Scratch<T> scratch(d, threads, base);
    Frames<T>& frames = scratch.frames;
    frames.fill(d, threads, x);
    fill_offsets(d, frames.H, frames.W, scratch.offsets);
    pack_filters(d, threads, w, scratch.filters);
    const long positions = d.positions(), taps = d.taps(), filters = d.filters();
    const long blocks = (positions + scratch.block - 1) / std::max(1L, scratch.block);
    parallel_for(d.N * d.groups * blocks, threads, [&](long task, int worker) {
        long j0 = task % blocks * scratch.block, group = task / blocks % d.groups;
        long n = task / blocks / d.groups, count = std::min(scratch.block, positions - j0);
        const T* image = frames.data + n * frames.image + group * d.depth() * frames.H * frames.W;
        const T* panels_w = scratch.filters + group * round_up(filters, MR) * taps;
        T* panels = scratch.panels + worker * scratch.panel_rows;
        T* out = y + (n * d.K + group * filters) * positions + j0;
        for (long k = 0; k < taps; k += KC) {
            long steps = std::min(KC, taps - k);
            for (long j = 0; j < count; j += NR<T>)
                pack_panel(Positions<T>(d, frames.W, j0 + j), image, frames.end,
                           scratch.offsets + k, steps, panels + j * steps);
            tiles(filters, count, steps, panels_w + k * MR, MR * taps, panels, out, positions,
                  k > 0);
        }
        for (long i = 0; b && i < filters; i++)
            for (long j = 0; j < count; j++) out[i * positions + j] += b[group * filters + i];
    });
}

}  // namespace

template <class T>
void add_k03_packed_fwd(Conv2dKernels<T>& kernels) {
    kernels.fwd = fwd<T>, kernels.fwd_scratch = fwd_scratch<T>;
}

template void add_k03_packed_fwd(Conv2dKernels<float>&);
template void add_k03_packed_fwd(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
