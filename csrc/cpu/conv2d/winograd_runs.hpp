// What the weight gradient by Winograd's formula keeps, how it is cut, and the transforms there.
#pragma once

#include "cpu/conv2d/winograd_phases.hpp"

namespace mt::MT_ISA {

template <class F, class T>
struct WgradScratch {
    static constexpr long LANES = Simd<T>::LANES, ALL = F::ALL;
    static constexpr long STRIP = 64 / F::COUNT;  // channels of a task that takes all tiles
    static constexpr long SUMS = 1 << 21;         // about so many, of all parts together
    Pieces<T> pieces;
    Geometry geometry;
    Planes<const T> x, dy;
    Tiles tiles;
    long depth;              // channels of all phases
    bool few;                // tiles: far fewer numbers in them than in the filters
    long parts, part, run;   // how many, tiles of each, tiles at a time: in the second-level cache
    long width;              // tiles of a row of transformed ones
    long channels, vectors;  // of a task's, or a part's, sums
    long x_room, dy_room, sum_room;  // of a point
    T *images, *gradients, *sums;

    WgradScratch(const Conv2d& d, const Geometry& geometry, int threads, const T* x, const T* dy,
                 T* base)
        : pieces(base),
          geometry(geometry),
          x{x, d.N, d.C, d.depth(), d.H, d.W},
          dy{dy, d.N, d.K, d.filters(), d.P, d.Q},
          tiles(F::TILE, d.N, d.P, d.Q),
          depth(F::COUNT * this->x.padded()),
          few(tiles.count &&
              4 * tiles.count * (depth + this->dy.padded()) <= depth * this->dy.padded()),
          parts(few ? 1 : cut()),
          part((tiles.count + parts - 1) / parts),
          run(std::min(part, parts > 1 ? 64L : 96L)),
          width(few ? tiles.count : run),
          channels(few ? std::min(STRIP, this->x.padded()) : this->x.padded()),
          vectors(few ? std::min(3L, this->dy.blocks()) : this->dy.blocks()),
          x_room(point_room<T>(width, depth)),
          dy_room(point_room<T>(width, this->dy.padded())),
          sum_room(point_room<T>(F::COUNT * channels, vectors * LANES)),
          images(pieces.take((parts > 1 ? threads : 1) * ALL * x_room)),
          gradients(pieces.take((parts > 1 ? threads : 1) * ALL * dy_room)),
          sums(pieces.take((few ? threads : parts) * ALL * sum_room)) {}

    long cut() const {
        long parts = std::min(SUMS / (ALL * depth * dy.padded()), tiles.count / 64);
        return parts < 8 ? 1 : std::min(parts, 16L);
    }
};

// Transforms tiles [t0, t1) of LANES channels: x's of a block, or dy's if there are no more of x.
template <class F, class T>
void transform(const WgradScratch<F, T>& s, long group, long block, long t0, long t1, T* images,
               T* gradients) {
    constexpr long LANES = Simd<T>::LANES, M = F::RESULTS;
    const long of_dy = block - s.x.blocks();
    for (long t = t0; t < t1; t++) {
        const Corner at = corner(s.tiles, M, t);
        if (of_dy < 0) {
            transform_window<F>(s.geometry, F::COUNT, s.x, group, block * LANES, at,
                                images + (block * s.width + t - t0) * LANES, s.x.padded() * s.width,
                                s.x_room);
            continue;
        }
        Vector<T> in[M * M], v[F::ALL];
        load_window<M>(s.dy, group, of_dy * LANES, at, in);
        both_ways<M, F::POINTS>(in, v, [](auto... a) { F::template output_gradient<T>(a...); });
        T* to = gradients + (of_dy * s.width + t - t0) * LANES;
        for (long i = 0; i < F::ALL; i++) store(to + i * s.dy_room, v[i]);
    }
}

// Tiles [t0, t0 + count) of all channels, shared among the threads.
template <class F, class T>
void transform_run(const WgradScratch<F, T>& s, int threads, long group, long t0, long count,
                   T* images, T* gradients) {
    constexpr long PIECE = 32;  // tiles of a task
    const long blocks = s.x.blocks() + s.dy.blocks(), pieces = (count + PIECE - 1) / PIECE;
    parallel_for(blocks * pieces, threads, [&](long task, int) {
        const long from = task % pieces * PIECE, to = std::min(from + PIECE, count);
        transform(s, group, task / pieces, t0 + from, t0 + to, images + from * Simd<T>::LANES,
                  gradients + from * Simd<T>::LANES);
    });
}

}  // namespace mt::MT_ISA
