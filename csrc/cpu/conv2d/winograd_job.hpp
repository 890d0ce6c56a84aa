// What Winograd's convolution convolves, how it is cut into tasks, and the memory it needs.
//
// A task makes some tiles of some filters. Where there are many tiles it transforms these for all
// filters, which have been transformed before. Where there are few, all tiles have been, and it
// transforms its own filters, a chunk of channels at a time: each once, and none leaves the cache.
#pragma once

#include "cpu/conv2d/winograd_phases.hpp"

namespace mt::MT_ISA {

// What is convolved: dx is made of dy as y is of x.
template <class T>
struct Job {
    Planes<const T> from;
    Planes<T> to;
    long groups;
    const T *w, *bias;
    long w_to, w_from,
        w_group;         // from a filter to that of the next channel of `to`, of `from`; group
    long w_row, w_taps;  // of a filter
    Geometry geometry;
    bool relu = false;  // what is made is rectified

    // Whether all phases see the same window.
    bool one_view() const {
        return geometry.row(0).view == geometry.row(2).view &&
               geometry.column(0).view == geometry.column(1).view;
    }
};

template <class T>
Job<T> fwd_job(const Conv2d& d, const T* x, const T* w, const T* b, T* y, const Geometry& g) {
    const Planes<const T> from{x, d.N, d.C, d.depth(), d.H, d.W};
    const Planes<T> to{y, d.N, d.K, d.filters(), d.P, d.Q};
    const long filter = d.R * d.S;
    return {from, to,     d.groups, w,     b, d.taps(), filter, d.filters() * d.taps(),
            d.S,  filter, g,        d.relu};
}

template <class T>
Job<T> dgrad_job(const Conv2d& d, const T* dy, const T* w, T* dx, const Geometry& g) {
    const Planes<const T> from{dy, d.N, d.K, d.filters(), d.P, d.Q};
    const Planes<T> to{dx, d.N, d.C, d.depth(), d.H, d.W};
    const long filter = d.R * d.S;
    return {from, to,     d.groups, w, nullptr, filter, d.taps(), d.filters() * d.taps(),
            d.S,  filter, g};
}

template <class F, class T>
struct FwdScratch {
    static constexpr long LANES = Simd<T>::LANES, ALL = F::ALL, MADE = F::MADE ? F::COUNT : 1;
    Pieces<T> pieces;
    Tiles tiles;
    long padded, vectors, views;  // channels of `from`; vectors of filters; phases of windows
    bool few;                     // tiles
    long block, blocks;           // tiles of a task; such tasks
    long strips, strip;           // parts of the filters' vectors; the most in one
    long chunk;                   // channels of `from` at a time, each phase of them
    long from_room, w_room, made_room, to_room;  // of a point; of a phase that is made
    T *from, *filters, *to;

    FwdScratch(const Job<T>& job, int threads, T* base)
        : pieces(base),
          tiles(F::TILE, job.to.N, job.to.H, job.to.W),
          padded(job.from.padded()),
          vectors(job.to.blocks()),
          views(F::READ || (F::MADE && !job.one_view()) ? F::COUNT : 1),
          few(tiles.count && tiles.count <= job.to.padded()),
          block(few ? round_up(tiles.count, 4) : tiles_of_task(threads)),
          blocks((tiles.count + block - 1) / block),
          strips(few ? std::min(vectors, round_up((vectors + 2) / 3, threads)) : 1),
          strip((vectors + strips - 1) / strips),
          chunk(few ? std::min(padded, channels_of_chunk()) : padded),
          from_room(point_room<T>(block, views * padded)),
          w_room(point_room<T>(F::COUNT * chunk, strip * LANES)),
          made_room(block * strip * LANES),
          to_room(point_room<T>(block, MADE * strip * LANES)),
          from(pieces.take((few ? job.groups : threads) * ALL * from_room)),
          filters(pieces.take((few ? threads : job.groups) * ALL * w_room)),
          to(pieces.take(threads * ALL * to_room)) {}

    // As many as stay in the cache, or more if filters have to come from memory for them; for each
    // thread equally many blocks. Where they are cut changes no result.
    long tiles_of_task(int threads) const {
        const long most = F::COUNT * padded * vectors * LANES < 1 << 17 ? 32 : 128;
        long rounds = std::max(1L, (tiles.count + most * threads - 1) / (most * threads));
        return round_up((tiles.count + rounds * threads - 1) / (rounds * threads), 4) +
               4 * !tiles.count;
    }
    // So many that their filters, just transformed, are still in the second-level cache.
    long channels_of_chunk() const {
        constexpr long NUMBERS = (384 << 10) / sizeof(T);
        const long most = NUMBERS / (ALL * F::COUNT * std::min(3L, vectors) * LANES);
        return std::max(1L, most / LANES) * LANES;
    }
    // Where channel `first` of a point's tiles begins; its phases are as far apart as there are
    // channels in the chunk.
    long channel(long first) const {
        return (first / chunk * chunk * views + first % chunk) * block;
    }
    long in_chunk(long first) const { return std::min(chunk, padded - first / chunk * chunk); }
};

}  // namespace mt::MT_ISA
