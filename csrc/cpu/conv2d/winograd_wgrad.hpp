// Winograd's formula for the weight gradient: transforms, a product for each point, and back.
//
// The products are of channels by tiles and tiles by filters; phases of what is read count as
// channels. Where there are few tiles all of them are transformed first, and a task makes the
// gradient of some filters for some channels, whose points never leave the cache. Else tiles come
// in runs, whose products are added to those of all points; with few channels in several parts at a
// time, which are added up in order. All that is cut by the shape alone: the threads change no bit.
#pragma once

#include "cpu/conv2d/winograd_runs.hpp"

namespace mt::MT_ISA {

// The products of `count` tiles at one point: `rows` channels, from c0 on, by vectors of filters.
template <class F, class T>
void multiply(const WgradScratch<F, T>& s, long point, long count, const T* x, long c0, long rows,
              const T* dy, long vectors, T* sums, bool add) {
    constexpr long LANES = Simd<T>::LANES;
    for (long phase = 0; phase < F::COUNT; phase++) {
        if (!counts<F>(s.geometry, phase, point)) continue;
        const T* from = x + (phase * s.x.padded() + c0) * s.width;
        block_tiles<1, 1>(
            0, rows, vectors, count,
            [=](long c) { return from + c / LANES * s.width * LANES + c % LANES; }, LANES, dy,
            s.width * LANES, sums + phase * s.channels * LANES, F::COUNT * s.channels * LANES, add);
    }
}

// The sums of a part; `images` and `gradients` are its own.
template <class F, class T>
void add_part(const WgradScratch<F, T>& s, int threads, long group, long part, T* images,
              T* gradients) {
    constexpr long LANES = Simd<T>::LANES, STRIP = 64;  // channels of a task
    const long padded = s.x.padded(), strips = (padded + STRIP - 1) / STRIP;
    const long first = part * s.part, last = std::min(first + s.part, s.tiles.count);
    T* sums = s.sums + part * F::ALL * s.sum_room;
    if (first >= last) std::fill_n(sums, F::ALL * s.sum_room, T(0));
    for (long t0 = first; t0 < last; t0 += s.run) {
        const long count = std::min(s.run, last - t0);
        transform_run(s, threads, group, t0, count, images, gradients);
        parallel_for(F::ALL * strips, threads, [&](long task, int) {
            const long point = task / strips, c0 = task % strips * STRIP;
            multiply(s, point, count, images + point * s.x_room, c0, std::min(STRIP, padded - c0),
                     gradients + point * s.dy_room, s.dy.blocks(),
                     sums + point * s.sum_room + c0 * LANES, t0 > first);
        });
    }
}

// The taps of LANES filters, a vector each, to where the first `count` filters are, `next` apart.
template <class T>
inline void store_taps(Vector<T>* from, long taps, long count, long next, T* to) {
    constexpr long LANES = Simd<T>::LANES;
    for (; taps >= LANES; taps -= LANES, from += LANES, to += LANES) {
        transpose<T>(from);
        for (long k = 0; k < count; k++) store(to + k * next, from[k]);
    }
    for (long i = 0; i < taps; i++)
        for (long k = 0; k < count; k++) to[k * next + i] = from[i][k];
}

// The gradients of LANES filters for `count` channels, from the sums of all points.
template <class F, class T>
void finish(const WgradScratch<F, T>& s, long parts, const T* sums, long filters, long count,
            long row, long taps, T* dw) {
    constexpr long LANES = Simd<T>::LANES, TAPS = F::TAPS;
    const Counted<F> counted(s.geometry);
    for (long c = 0; c < count; c++, sums += LANES, dw += taps) {
        Vector<T> all[F::COUNT * TAPS * TAPS];
        for (long phase = 0; phase < F::COUNT; phase++) {
            Vector<T> m[F::ALL] = {}, g[TAPS * TAPS];
            for (long i = 0; i < F::ALL; i++) {
                const T* at = sums + i * s.sum_room + phase * s.channels * LANES;
                if (!counted.at[phase][i]) continue;
                m[i] = load(at);
                for (long part = 1; part < parts; part++)
                    m[i] += load(at + part * F::ALL * s.sum_room);
            }
            both_ways<F::POINTS, TAPS>(m, g,
                                       [](auto... a) { F::template filter_gradient<T>(a...); });
            const Phase &down = s.geometry.row(phase), &across = s.geometry.column(phase);
            for (long i = 0; i < down.taps; i++)
                for (long j = 0; j < across.taps; j++)
                    all[(down.first + i * down.step) * row + across.first + j * across.step] =
                        g[i * TAPS + j];
        }
        store_taps(all, taps, filters, s.x.depth * taps, dw);
    }
}

// A group's gradients, from parts of the tiles.
template <class F, class T>
void by_parts(const Conv2d& d, const WgradScratch<F, T>& s, int threads, long group, T* dw) {
    constexpr long LANES = Simd<T>::LANES;
    const long parts = s.parts;
    parallel_for(parts, parts > 1 ? threads : 1, [&](long part, int worker) {
        add_part(s, parts > 1 ? 1 : threads, group, part, s.images + worker * F::ALL * s.x_room,
                 s.gradients + worker * F::ALL * s.dy_room);
    });
    parallel_for(s.dy.blocks(), threads, [&](long v, int) {
        finish(s, parts, s.sums + v * LANES * s.depth, std::min(LANES, d.filters() - v * LANES),
               d.depth(), d.S, d.R * d.S, dw + v * LANES * d.taps());
    });
}

// The same from all tiles: some filters' for a strip of channels by a task.
template <class F, class T>
void by_strips(const Conv2d& d, const WgradScratch<F, T>& s, int threads, long group, T* dw) {
    constexpr long LANES = Simd<T>::LANES;
    const long vectors = s.dy.blocks(), strips = (d.depth() + s.channels - 1) / s.channels;
    const long tasks = (vectors + s.vectors - 1) / s.vectors * strips, taps = d.R * d.S;
    transform_run(s, threads, group, 0, s.tiles.count, s.images, s.gradients);
    parallel_for(tasks, threads, [&](long task, int worker) {
        const long c0 = task % strips * s.channels, v0 = task / strips * s.vectors;
        const long rows = std::min(s.channels, s.x.padded() - c0);
        const long v1 = std::min(v0 + s.vectors, vectors);
        T* sums = s.sums + worker * F::ALL * s.sum_room;
        for (long t0 = 0; t0 < s.tiles.count; t0 += s.run)
            for (long i = 0; i < F::ALL; i++)
                multiply(s, i, std::min(s.run, s.tiles.count - t0),
                         s.images + i * s.x_room + t0 * LANES, c0, rows,
                         s.gradients + i * s.dy_room + (v0 * s.width + t0) * LANES, v1 - v0,
                         sums + i * s.sum_room, t0 > 0);
        for (long v = v0; v < v1; v++, sums += F::COUNT * s.channels * LANES)
            finish(s, 1, sums, std::min(LANES, d.filters() - v * LANES),
                   std::min(rows, d.depth() - c0), d.S, taps,
                   dw + v * LANES * d.taps() + c0 * taps);
    });
}

template <class F, class T>
void wgrad(const Conv2d& d, const Geometry& geometry, int threads, const T* x, const T* dy, T* dw,
           T* base) {
    const WgradScratch<F, T> scratch(d, geometry, threads, x, dy, base);
    for (long group = 0; group < d.groups; group++, dw += d.filters() * d.taps())
        (scratch.few ? by_strips<F, T> : by_parts<F, T>)(d, scratch, threads, group, dw);
}

template <class F, class T>
std::size_t wgrad_room(const Conv2d& d, const Geometry& geometry, int threads) {
    const T* none = nullptr;
    return WgradScratch<F, T>(d, geometry, threads, none, none, nullptr).pieces.elements();
}

}  // namespace mt::MT_ISA
