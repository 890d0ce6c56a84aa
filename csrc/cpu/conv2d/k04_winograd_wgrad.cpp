// Convolution, rung 4, weight gradient: Winograd's formula, transposed.
//
// Idea      dw = G' [(A dy) (B' x)] G, with the sum over all tiles inside: per point a product of
//           matrices, filters by tiles, tiles by channels, and one transform at the end.
// Changed   As in the forward: a quarter of the multiplications.
// Requires  3 x 3 or 5 x 5 filters, stride 1, dilation 1. Any padding, any groups.
// Launch    Run after run of tiles. First a task per block of channels and some tiles transforms
//           them; then one per point and strip of channels adds products, tile after tile.
// Reading   wgrad; the tiles are in winograd_tiles.hpp.
#include "cpu/conv2d/winograd_tiles.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long ROOM = 1L << 21;  // about so many transformed numbers at a time
constexpr long STEPS = 192;      // tiles at a time, whose dy stays in the first-level cache
constexpr long STRIP = 64;       // channels of a task

template <int M, class T>
struct Scratch {
    static constexpr int POINTS = Winograd<M>::POINTS * Winograd<M>::POINTS;
    Pieces<T> pieces;
    Planes<const T> x, dy;
    Tiles tiles;
    long run;  // tiles at a time
    long x_room, dy_room, sum_room;
    T *images, *gradients, *sums;

    Scratch(const Conv2d& d, const T* x, const T* dy, T* base)
        : pieces(base),
          x{x, d.N, d.C, d.depth(), d.H, d.W},
          dy{dy, d.N, d.K, d.filters(), d.P, d.Q},
          tiles(M, d.N, d.P, d.Q),
          run(std::min(tiles.count,
                       std::max(256L, ROOM / (POINTS * (this->x.padded() + this->dy.padded()))))),
          x_room(point_room<T>(run, this->x.padded())),
          dy_room(point_room<T>(run, this->dy.padded())),
          sum_room(point_room<T>(this->x.padded(), this->dy.padded())),
          images(pieces.take(POINTS * x_room)),
          gradients(pieces.take(POINTS * dy_room)),
          sums(pieces.take(POINTS * sum_room)) {}
};

// The products of `count` tiles with channels [c0, c1), at one point.
template <class T>
void multiply(long count, long run, const T* x, long c0, long c1, const T* dy, long blocks,
              long channels, T* sums, bool add) {
    constexpr long LANES = Simd<T>::LANES;
    for (long t = 0; t < count; t += STEPS) {
        const T* from = x + t * LANES;
        block_tiles<1, 1>(
            c0, c1, blocks, std::min(STEPS, count - t),
            [=](long c) { return from + c / LANES * run * LANES + c % LANES; }, LANES,
            dy + t * LANES, run * LANES, sums, channels * LANES, add || t > 0);
    }
}

// The filters' gradients from their transforms; LANES filters at a time.
template <int M, class T>
void finish(const Conv2d& d, int threads, long group, const Scratch<M, T>& scratch, T* dw) {
    using W = Winograd<M>;
    constexpr long LANES = Simd<T>::LANES, POINTS = W::POINTS, TAPS = W::TAPS * W::TAPS;
    parallel_for(scratch.dy.blocks(), threads, [&](long block, int) {
        const T* from = scratch.sums + block * LANES * scratch.x.padded();
        T* to = dw + (group * d.filters() + block * LANES) * d.taps();
        for (long c = 0; c < d.depth(); c++, from += LANES) {
            Vector<T> m[POINTS * POINTS], g[TAPS];
            for (long i = 0; i < POINTS * POINTS; i++) m[i] = load(from + i * scratch.sum_room);
            both_ways<POINTS, W::TAPS>(m, g,
                                       [](auto... a) { W::template filter_gradient<T>(a...); });
            T taps[TAPS * LANES];
            for (long i = 0; i < TAPS; i++) store(taps + i * LANES, g[i]);
            for (long k = 0; k < std::min(LANES, d.filters() - block * LANES); k++)
                for (long i = 0; i < TAPS; i++)
                    to[k * d.taps() + c * TAPS + i] = taps[i * LANES + k];
        }
    });
}

template <int M, class T>
void wgrad(const Conv2d& d, int threads, const T* x, const T* dy, T* dw, T* base) {
    using W = Winograd<M>;
    constexpr long LANES = Simd<T>::LANES, POINTS = W::POINTS, ALL = POINTS * POINTS;
    const Scratch<M, T> scratch(d, x, dy, base);
    const long run = scratch.run, x_blocks = scratch.x.blocks(), dy_blocks = scratch.dy.blocks();
    if (!run) return std::fill(dw, dw + d.K * d.taps(), T(0));
    for (long group = 0; group < d.groups; group++) {
        for (long t0 = 0; t0 < scratch.tiles.count; t0 += run) {
            const long count = std::min(run, scratch.tiles.count - t0);
            constexpr long PIECE = 32;  // tiles of a task
            const long pieces = (count + PIECE - 1) / PIECE;
            parallel_for((x_blocks + dy_blocks) * pieces, threads, [&](long task, int) {
                const long block = task / pieces;
                const long first = task % pieces * PIECE, last = std::min(first + PIECE, count);
                for (long t = first; t < last; t++) {
                    Corner at = corner(scratch.tiles, M, t0 + t);
                    Vector<T> v[ALL];
                    T* to;
                    long room;
                    if (block < x_blocks) {
                        Vector<T> in[ALL];
                        load_window<POINTS>(scratch.x, group, block * LANES,
                                            {at.n, at.h - d.pad_h, at.w - d.pad_w}, in);
                        both_ways<POINTS, POINTS>(in, v,
                                                  [](auto... a) { W::template input<T>(a...); });
                        to = scratch.images + (block * run + t) * LANES, room = scratch.x_room;
                    } else {
                        Vector<T> in[M * M];
                        load_window<M>(scratch.dy, group, (block - x_blocks) * LANES, at, in);
                        both_ways<M, POINTS>(
                            in, v, [](auto... a) { W::template output_gradient<T>(a...); });
                        to = scratch.gradients + ((block - x_blocks) * run + t) * LANES,
                        room = scratch.dy_room;
                    }
                    for (long i = 0; i < ALL; i++) store(to + i * room, v[i]);
                }
            });
            const long strips = (scratch.x.padded() + STRIP - 1) / STRIP;
            parallel_for(ALL * strips, threads, [&](long task, int) {
                const long point = task / strips, c0 = task % strips * STRIP;
                multiply(count, run, scratch.images + point * scratch.x_room, c0,
                         std::min(c0 + STRIP, scratch.x.padded()),
                         scratch.gradients + point * scratch.dy_room, dy_blocks, scratch.x.padded(),
                         scratch.sums + point * scratch.sum_room, t0 > 0);
            });
        }
        finish<M>(d, threads, group, scratch, dw);
    }
}

template <class T>
void wgrad_of(const Conv2d& d, int threads, const T* x, const T* dy, T* dw, T* scratch) {
    d.R == 3 ? wgrad<4>(d, threads, x, dy, dw, scratch) : wgrad<2>(d, threads, x, dy, dw, scratch);
}

template <class T>
std::size_t wgrad_scratch(const Conv2d& d, int) {
    return d.R == 3 ? Scratch<4, T>(d, nullptr, nullptr, nullptr).pieces.elements()
                    : Scratch<2, T>(d, nullptr, nullptr, nullptr).pieces.elements();
}

}  // namespace

template <class T>
void add_k04_winograd_wgrad(Conv2dKernels<T>& kernels) {
    kernels.wgrad = wgrad_of<T>, kernels.wgrad_scratch = wgrad_scratch<T>;
}

template void add_k04_winograd_wgrad(Conv2dKernels<float>&);
template void add_k04_winograd_wgrad(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
