// Convolution, rung 4, weight gradient: Winograd's formula, transposed.
//
// Idea      dw = G' [(A dy) (B' x)] G, with the sum over all tiles inside: per point a product of
//           matrices, filters by tiles, tiles by channels, and one transform at the end.
// Changed   As in the forward: a quarter of the multiplications.
// Requires  3 x 3 or 5 x 5 filters, stride 1, dilation 1. Any padding, any groups.
// Launch    With few channels a task per part of the tiles, whose sums are added up in order. With
//           many the threads share the tiles' transforms, then the points' products, run after
//           run. Parts are cut by the shape alone, so the threads change no bit.
// Reading   wgrad; the tiles are in winograd_tiles.hpp.
#include "cpu/conv2d/winograd_tiles.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long STRIP = 64;      // channels of a task
constexpr long PIECE = 32;      // tiles of a task that transforms
constexpr long SUMS = 1 << 21;  // about so many, of all parts together

template <int M, class T>
struct Scratch {
    static constexpr int POINTS = Winograd<M, 7 - M>::POINTS * Winograd<M, 7 - M>::POINTS;
    Pieces<T> pieces;
    Planes<const T> x, dy;
    Tiles tiles;
    long parts, part, run;  // how many, tiles of each, tiles at a time: in the second-level cache
    long x_room, dy_room, sum_room;
    T *images, *gradients, *sums;

    Scratch(const Conv2d& d, int threads, const T* x, const T* dy, T* base)
        : pieces(base),
          x{x, d.N, d.C, d.depth(), d.H, d.W},
          dy{dy, d.N, d.K, d.filters(), d.P, d.Q},
          tiles(M, d.N, d.P, d.Q),
          parts(cut()),
          part((tiles.count + parts - 1) / parts),
          run(std::min(part, parts > 1 ? 64L : 96L)),
          x_room(point_room<T>(run, this->x.padded())),
          dy_room(point_room<T>(run, this->dy.padded())),
          sum_room(point_room<T>(this->x.padded(), this->dy.padded())),
          images(pieces.take((parts > 1 ? threads : 1) * POINTS * x_room)),
          gradients(pieces.take((parts > 1 ? threads : 1) * POINTS * dy_room)),
          sums(pieces.take(parts * POINTS * sum_room)) {}

    long cut() const {
        long parts = std::min(SUMS / (POINTS * x.padded() * dy.padded()), tiles.count / 64);
        return parts < 8 ? 1 : std::min(parts, 16L);
    }
};

// Transforms tiles [t0, t1) of LANES channels: x's of a block, or dy's if there are no more of x.
template <int M, class T>
void transform(const Conv2d& d, const Scratch<M, T>& scratch, long group, long block, long t0,
               long t1, T* images, T* gradients) {
    using W = Winograd<M, 7 - M>;
    constexpr long LANES = Simd<T>::LANES, POINTS = W::POINTS, ALL = POINTS * POINTS;
    const long of_dy = block - scratch.x.blocks();
    for (long t = t0; t < t1; t++) {
        const Corner at = corner(scratch.tiles, M, t);
        Vector<T> v[ALL], in[ALL];
        if (of_dy < 0) {
            const Corner seen{at.n, at.h - d.pad_h, at.w - d.pad_w};
            load_window<POINTS>(scratch.x, group, block * LANES, seen, in);
            both_ways<POINTS, POINTS>(in, v, [](auto... a) { W::template input<T>(a...); });
            T* to = images + (block * scratch.run + t - t0) * LANES;
            for (long i = 0; i < ALL; i++) store(to + i * scratch.x_room, v[i]);
        } else {
            load_window<M>(scratch.dy, group, of_dy * LANES, at, in);
            both_ways<M, POINTS>(in, v, [](auto... a) { W::template output_gradient<T>(a...); });
            T* to = gradients + (of_dy * scratch.run + t - t0) * LANES;
            for (long i = 0; i < ALL; i++) store(to + i * scratch.dy_room, v[i]);
        }
    }
}

// The products of `count` tiles with channels [c0, c1), at one point.
template <class T>
void multiply(long count, long run, const T* x, long c0, long c1, const T* dy, long blocks,
              long channels, T* sums, bool add) {
    constexpr long LANES = Simd<T>::LANES;
    block_tiles<1, 1>(
        c0, c1, blocks, count, [=](long c) { return x + c / LANES * run * LANES + c % LANES; },
        LANES, dy, run * LANES, sums, channels * LANES, add);
}

// The sums of a part; `images` and `gradients` are its own.
template <int M, class T>
void add_part(const Conv2d& d, int threads, const Scratch<M, T>& scratch, long group, long part,
              T* images, T* gradients) {
    constexpr long LANES = Simd<T>::LANES,
                   ALL = Winograd<M, 7 - M>::POINTS * Winograd<M, 7 - M>::POINTS;
    const long blocks = scratch.x.blocks() + scratch.dy.blocks(), padded = scratch.x.padded();
    const long strips = (padded + STRIP - 1) / STRIP, first = part * scratch.part;
    const long last = std::min(first + scratch.part, scratch.tiles.count);
    T* sums = scratch.sums + part * ALL * scratch.sum_room;
    if (first >= last) std::fill_n(sums, ALL * scratch.sum_room, T(0));
    for (long t0 = first; t0 < last; t0 += scratch.run) {
        const long count = std::min(scratch.run, last - t0), pieces = (count + PIECE - 1) / PIECE;
        parallel_for(blocks * pieces, threads, [&](long task, int) {
            const long from = task % pieces * PIECE;
            transform(d, scratch, group, task / pieces, t0 + from,
                      t0 + std::min(from + PIECE, count), images + from * LANES,
                      gradients + from * LANES);
        });
        parallel_for(ALL * strips, threads, [&](long task, int) {
            const long point = task / strips, c0 = task % strips * STRIP;
            multiply(count, scratch.run, images + point * scratch.x_room, c0,
                     std::min(c0 + STRIP, padded), gradients + point * scratch.dy_room,
                     scratch.dy.blocks(), padded, sums + point * scratch.sum_room, t0 > first);
        });
    }
}

// The filters' gradients from their transforms; LANES filters at a time.
template <int M, class T>
void finish(const Conv2d& d, int threads, long group, const Scratch<M, T>& scratch, T* dw) {
    using W = Winograd<M, 7 - M>;
    constexpr long LANES = Simd<T>::LANES, POINTS = W::POINTS, TAPS = (7 - M) * (7 - M);
    parallel_for(scratch.dy.blocks(), threads, [&](long block, int) {
        const T* from = scratch.sums + block * LANES * scratch.x.padded();
        T* to = dw + (group * d.filters() + block * LANES) * d.taps();
        for (long c = 0; c < d.depth(); c++, from += LANES) {
            Vector<T> m[POINTS * POINTS], g[TAPS];
            for (long i = 0; i < POINTS * POINTS; i++) {
                m[i] = load(from + i * scratch.sum_room);
                for (long part = 1; part < scratch.parts; part++)
                    m[i] += load(from + (part * POINTS * POINTS + i) * scratch.sum_room);
            }
            both_ways<POINTS, 7 - M>(m, g, [](auto... a) { W::template filter_gradient<T>(a...); });
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
    const Scratch<M, T> scratch(d, threads, x, dy, base);
    const long parts = scratch.parts;
    for (long group = 0; group < d.groups; group++) {
        parallel_for(parts, parts > 1 ? threads : 1, [&](long part, int worker) {
            add_part(d, parts > 1 ? 1 : threads, scratch, group, part,
                     scratch.images + worker * Scratch<M, T>::POINTS * scratch.x_room,
                     scratch.gradients + worker * Scratch<M, T>::POINTS * scratch.dy_room);
        });
        finish<M>(d, threads, group, scratch, dw);
    }
}

template <class T>
void wgrad_of(const Conv2d& d, int threads, const T* x, const T* dy, T* dw, T* scratch) {
    d.R == 3 ? wgrad<4>(d, threads, x, dy, dw, scratch) : wgrad<2>(d, threads, x, dy, dw, scratch);
}

template <class T>
std::size_t wgrad_scratch(const Conv2d& d, int threads) {
    return d.R == 3 ? Scratch<4, T>(d, threads, nullptr, nullptr, nullptr).pieces.elements()
                    : Scratch<2, T>(d, threads, nullptr, nullptr, nullptr).pieces.elements();
}

}  // namespace

template <class T>
void add_k04_winograd_wgrad(Conv2dKernels<T>& kernels) {
    kernels.wgrad = wgrad_of<T>, kernels.wgrad_scratch = wgrad_scratch<T>;
}

template void add_k04_winograd_wgrad(Conv2dKernels<float>&);
template void add_k04_winograd_wgrad(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
