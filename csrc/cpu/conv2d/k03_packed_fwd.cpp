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
// Reading   tile in cpu/tile.hpp; then k03_product.hpp, then fwd.
#include "cpu/conv2d/k03_product.hpp"

namespace mt::MT_ISA {
namespace {

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
          block(positions_of_task<T>(total * d.groups, threads)),
          blocks((total + block - 1) / block),
          steps(d.taps() + 1),
          chunk(share(steps, KC + 1)),
          panel_room(block * chunk + NR<T>),
          offsets(pieces.template take<long>(d.taps())),
          filters(pieces.take(d.groups * round_up(d.filters(), MR) * steps)),
          panels(pieces.take(threads * panel_room)),
          frames(d, pieces) {}
};

template <class T>
std::size_t fwd_scratch(const Conv2d& d, int threads) {
    return Scratch<T>(d, threads, nullptr).pieces.elements();
}

// Panels of MR filters: their taps, and the bias.
template <class T>
void pack_filters(const Conv2d& d, int threads, const T* w, const T* b, T* to) {
    const long panels = round_up(d.filters(), MR) / MR, steps = d.taps() + 1;
    const bool few = d.K * d.taps() < 65536;
    parallel_for(d.groups * panels, few ? 1 : threads, [&](long task, int) {
        long group = task / panels, first = task % panels * MR, k = group * d.filters() + first;
        long count = std::min(MR, d.filters() - first);
        T* panel = to + task * MR * steps;
        pack<MR>(w + k * d.taps(), d.taps(), 1, count, d.taps(), panel);
        pack_zeros<MR>(count, d.taps(), panel);
        for (long i = 0; i < MR; i++) panel[d.taps() * MR + i] = b && i < count ? b[k + i] : T(0);
    });
}

template <class T>
void fwd(const Conv2d& d, int threads, const T* x, const T* w, const T* b, T* y, T* base) {
    Scratch<T> scratch(d, threads, base);
    Frames<T>& frames = scratch.frames;
    frames.fill(d, threads, x);
    frames.fill_offsets(d, scratch.offsets);
    pack_filters(d, threads, w, b, scratch.filters);
    const long plane = d.positions();
    const Grid grid{d.P, d.Q, frames.image, d.stride_h * frames.W, d.K * plane, d.Q, 1};
    parallel_for(d.groups * scratch.blocks, threads, [&](long task, int worker) {
        const long group = task / scratch.blocks, first = task % scratch.blocks * scratch.block;
        const Product<T> product{
            grid,
            frames.data + group * d.depth() * frames.H * frames.W,
            frames.end,
            y + group * d.filters() * plane,
            plane,
            scratch.filters + group * round_up(d.filters(), MR) * scratch.steps,
            scratch.offsets,
            d.filters(),
            scratch.steps,
            d.taps() + (b != nullptr),
            d.taps(),
            d.relu};
        multiply(product, first, std::min(first + scratch.block, scratch.total), scratch.chunk,
                 scratch.panels + worker * scratch.panel_room);
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
