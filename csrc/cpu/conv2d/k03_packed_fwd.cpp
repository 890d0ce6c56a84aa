// Convolution, rung 3, forward: a matrix product whose right side is never written down.
//
// Idea      y = w x', where column j of x' holds all that the window at position j sees. The
//           product is done in register tiles (cpu/tile.hpp), which want their operands packed
//           anyway: the packing of x' reads straight from the image. The bias is one more tap, that
//           sees 1 everywhere.
// Changed   A number that is loaded is used for MR filters or NR positions, not for one.
// Requires  Nothing; vectors of the instruction set, of any width.
// Launch    A task per group and block of positions, counted through all images. The filters are
//           packed once.
// Reading   tile in cpu/tile.hpp; then pack_panel, then the task in fwd.
#include "cpu/conv2d/k03_packed.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long BLOCK = 512;     // about so many positions of a task
constexpr long ROWS = 16 * MR;  // filters at a time: they stay in the second-level cache

template <class T>
struct Scratch {
    Pieces<T> pieces;
    long total, block, blocks;  // positions of all images, of a task; tasks of a group
    long steps, chunk;          // taps and bias; so many at a time
    long panel_room;
    long* offsets;
    T *filters, *panels;
    Frames<T> frames;

    Scratch(const Conv2d& d, int threads, T* base)
        : pieces(base),
          total(d.N * d.positions()),
          block(cut(d, threads)),
          blocks((total + block - 1) / block),
          steps(d.taps() + 1),
          chunk(share(steps, KC + 1)),
          panel_room(block * chunk + NR<T>),
          offsets(pieces.template take<long>(d.taps())),
          filters(pieces.take(d.groups * round_up(d.filters(), MR) * steps)),
          panels(pieces.take(threads * panel_room)),
          frames(d, pieces) {}

    // `count` in equal parts of at most `most`.
    static long share(long count, long most) {
        long parts = (count + most - 1) / most;
        return parts ? (count + parts - 1) / parts : 1;
    }
    // For every thread equally many blocks; where they are cut changes no result.
    long cut(const Conv2d& d, int threads) const {
        long even = share(share(total * d.groups, threads), BLOCK);
        return round_up(std::max(even, 4 * NR<T>), NR<T>);
    }
};

template <class T>
std::size_t fwd_scratch(const Conv2d& d, int threads) {
    return Scratch<T>(d, threads, nullptr).pieces.elements();
}

// Up to NR positions, one after the other, as runs of neighbours in memory.
template <class T>
struct Positions {
    long count, runs = 0;
    bool whole;  // all of them in one image
    long from[NR<T>], run_at[NR<T>];
    long to[NR<T>];  // where in y, for the first filter

    Positions(const Conv2d& d, const Frames<T>& frames, long first, long last) {
        count = std::min(NR<T>, last - first);
        long n = first / d.positions(), left = first % d.positions();
        long p = left / d.Q, q = left % d.Q;
        whole = count == NR<T> && left + NR<T> <= d.positions();
        for (long j = 0; j < count; j++) {
            from[j] = n * frames.image + p * d.stride_h * frames.W + q;
            to[j] = (n * d.K * d.P + p) * d.Q + q;
            if (j == 0 || from[j] != from[j - 1] + 1) run_at[runs++] = j;
            if (++q == d.Q) q = 0, p++;
            if (p == d.P) p = 0, n++;
        }
    }
};

// What the windows at these positions see through taps [0, steps), NR numbers a tap.
template <class T>
inline void pack_panel(const Positions<T>& at, const T* image, const T* end, const long* offsets,
                       long steps, T* to) {
    constexpr long LANES = Simd<T>::LANES;
    if (at.runs == 1 && steps > 0 && image + offsets[steps - 1] + at.from[0] + NR<T> <= end) {
        for (long k = 0; k < steps; k++, to += NR<T>) {
            const T* run = image + offsets[k] + at.from[0];
            store(to, load(run)), store(to + LANES, load(run + LANES));
        }
        return;
    }
    if (at.runs > at.count / 2) {  // rows too short to gain by copying runs
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
                store(to + j, load(run)), store(to + j + LANES, load(run + LANES));
            else
                std::copy(run, end, to + j);
        }
}

// Panels of MR filters: their taps, and the bias.
template <class T>
void pack_filters(const Conv2d& d, int threads, const T* w, const T* b, T* to) {
    const long panels = round_up(d.filters(), MR) / MR, steps = d.taps() + 1;
    const bool few = d.K * d.taps() < 65536;
    parallel_for(d.groups * panels, few ? 1 : threads, [&](long task, int) {
        long group = task / panels, first = task % panels * MR, k = group * d.filters() + first;
        long count = d.filters() - first;
        T* panel = to + task * MR * steps;
        pack_rows(w + k * d.taps(), d.taps(), 1, count, d.taps(), panel);
        for (long i = 0; i < MR; i++) panel[d.taps() * MR + i] = b && i < count ? b[k + i] : T(0);
    });
}

// A tile of which only `rows` filters are there, or whose positions do not lie side by side.
template <class T>
void tile_in_parts(long steps, const T* a, const T* b, const Positions<T>& at, T* y, long plane,
                   long rows, bool add) {
    constexpr long LANES = Simd<T>::LANES;
    T whole[MR * NR<T>];
    if (rows <= 2)
        tile_rows<2>(steps, a, b, whole, NR<T>);
    else if (rows <= 4)
        tile_rows<4>(steps, a, b, whole, NR<T>);
    else
        tile_rows<MR>(steps, a, b, whole, NR<T>);
    for (long i = 0; i < std::min(MR, rows); i++, y += plane) {
        const T* from = whole + i * NR<T>;
        if (at.whole)
            for (long j = 0; j < NR<T>; j += LANES) {
                T* to = y + at.to[0] + j;
                store(to, add ? load(to) + load(from + j) : load(from + j));
            }
        else
            for (long j = 0; j < at.count; j++) y[at.to[j]] = (add ? y[at.to[j]] : T(0)) + from[j];
    }
}

template <class T>
void fwd(const Conv2d& d, int threads, const T* x, const T* w, const T* b, T* y, T* base) {
    Scratch<T> scratch(d, threads, base);
    Frames<T>& frames = scratch.frames;
    frames.fill(d, threads, x);
    frames.fill_offsets(d, scratch.offsets);
    pack_filters(d, threads, w, b, scratch.filters);
    const long plane = d.positions(), taps = d.taps(), filters = d.filters(), all = scratch.steps;
    const long used = b ? all : taps;
    parallel_for(d.groups * scratch.blocks, threads, [&](long task, int worker) {
        const long group = task / scratch.blocks, first = task % scratch.blocks * scratch.block;
        const long last = std::min(first + scratch.block, scratch.total);
        const T* image = frames.data + group * d.depth() * frames.H * frames.W;
        const T* panels_w = scratch.filters + group * round_up(filters, MR) * all;
        T* panels = scratch.panels + worker * scratch.panel_room;
        T* out = y + group * filters * plane;
        for (long k = 0; k < used; k += scratch.chunk) {
            const long steps = std::min(scratch.chunk, used - k);
            const long seen = std::min(steps, taps - k);  // without the bias
            for (long i0 = 0; i0 < filters; i0 += ROWS)
                for (long j = first; j < last; j += NR<T>) {
                    const Positions<T> at(d, frames, j, last);
                    T* panel = panels + (j - first) * steps;
                    if (i0 == 0) {
                        pack_panel(at, image, frames.end, scratch.offsets + k, seen, panel);
                        if (seen < steps) std::fill_n(panel + seen * NR<T>, NR<T>, T(1));
                    }
                    for (long i = i0; i < std::min(i0 + ROWS, filters); i += MR) {
                        const T* a = panels_w + i * all + k * MR;
                        if (at.whole && i + MR <= filters)
                            tile(steps, a, panel, out + i * plane + at.to[0], plane, k > 0);
                        else
                            tile_in_parts(steps, a, panel, at, out + i * plane, plane, filters - i,
                                          k > 0);
                    }
                }
        }
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
