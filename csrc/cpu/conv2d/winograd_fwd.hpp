// Winograd's convolution: transforms, a product of matrices for each point, and back.
//
// The products are of tiles by channels and channels by filters. Phases of what is read count as
// channels; with phases of what is made there are so many products more.
#pragma once

#include "cpu/conv2d/winograd_job.hpp"

namespace mt::MT_ISA {

// The taps of LANES filters, `next` apart, a vector each. Filters past `count` repeat the last.
template <class T>
inline void load_taps(const T* w, long next, long count, long taps, Vector<T>* to) {
    constexpr long LANES = Simd<T>::LANES;
    const T* lanes[LANES];
    for (long k = 0; k < LANES; k++) lanes[k] = w + std::min(k, count - 1) * next;
    long i = 0;
    for (; i + LANES <= taps; i += LANES, to += LANES) {
#pragma GCC unroll 16
        for (long k = 0; k < LANES; k++) to[k] = load(lanes[k] + i);
        transpose<T>(to);
    }
    for (; i < taps; i++, to++)
        for (long k = 0; k < LANES; k++) (*to)[k] = lanes[k][i];
}

// A vector of filters, channels `first` and on of `to`: for each point all phases of channels
// [c0, c0 + count) of `from`.
template <class F, class T>
void transform_filters(const Job<T>& job, long group, long first, long c0, long count, T* to,
                       long room) {
    constexpr long LANES = Simd<T>::LANES, TAPS = F::TAPS, MOST = F::COUNT * TAPS * TAPS;
    const T* w = job.w + group * job.w_group + first * job.w_to;
    for (long c = c0; c < c0 + count; c++, to += LANES) {
        Vector<T> taps[MOST] = {}, g[TAPS * TAPS], u[F::ALL];
        if (c < job.from.depth)
            load_taps(w + c * job.w_from, job.w_to, std::min(LANES, job.to.depth - first),
                      job.w_taps, taps);
        for (long phase = 0; phase < F::COUNT; phase++) {
            const Phase &row = job.geometry.row(phase), &column = job.geometry.column(phase);
            for (long r = 0; r < TAPS; r++)
                for (long s = 0; s < TAPS; s++)
                    g[r * TAPS + s] = r < row.taps && s < column.taps
                                          ? taps[(row.first + r * row.step) * job.w_row +
                                                 column.first + s * column.step]
                                          : Vector<T>{};
            both_ways<TAPS, F::POINTS>(g, u, [](auto... a) { F::template filter<T>(a...); });
            for (long i = 0; i < F::ALL; i++) store(to + phase * count * LANES + i * room, u[i]);
        }
    }
}

// Tiles [t0, t0 + count) of LANES channels of `from`.
template <class F, class T>
void transform_tiles(const Job<T>& job, const FwdScratch<F, T>& scratch, long group, long first,
                     long t0, long count, T* to) {
    to += scratch.channel(first);
    for (long t = 0; t < count; t++)
        transform_window<F>(job.geometry, scratch.views, job.from, group, first,
                            corner(scratch.tiles, F::TILE, t0 + t), to + t * Simd<T>::LANES,
                            scratch.in_chunk(first) * scratch.block, scratch.from_room);
}

// The products of one point with a chunk of channels, c0 and on, all in blocks:
// c[tiles x to] += a[tiles x from] b[from x to]
template <class F, class T>
void multiply(const Job<T>& job, const FwdScratch<F, T>& scratch, long point, long c0, long tiles,
              long vectors, const T* a, const T* b, T* c) {
    constexpr long LANES = Simd<T>::LANES, CHANNELS = 256;  // at a time: they stay in the cache
    const long count = scratch.in_chunk(c0), row = scratch.block * LANES;
    bool add = c0 > 0;
    a += scratch.channel(c0);
    for (long phase = 0, end; phase < F::COUNT; phase = end) {
        end = phase + 1;
        if (!counts<F>(job.geometry, phase, point)) continue;
        while (F::READ && end < F::COUNT && counts<F>(job.geometry, end, point)) end++;
        const long view = scratch.views > 1 ? phase : 0;
        for (long k = 0; k < (end - phase) * count; k += CHANNELS) {
            const T* from = a + (view * count + k) * scratch.block;
            block_tiles<LANES, LANES>(
                0, tiles, vectors, std::min(CHANNELS, (end - phase) * count - k) / LANES,
                [=](long t) { return from + t * LANES; }, row, b + (phase * count + k) * LANES,
                F::COUNT * count * LANES, c + F::MADE * phase * scratch.made_room, row,
                add || k > 0);
        }
        add |= F::READ;
    }
}

// Tiles of LANES channels of `to`, back from their points.
template <class F, class T>
void transform_back(const Job<T>& job, const FwdScratch<F, T>& scratch, long group, long first,
                    long t0, long count, const T* from) {
    constexpr long LANES = Simd<T>::LANES;
    const Counted<F> counted(job.geometry);
    T bias[LANES] = {};
    for (long i = 0; job.bias && i < std::min(LANES, job.to.depth - first); i++)
        bias[i] = job.bias[group * job.to.depth + first + i];
    for (long t = 0; t < count; t++, from += LANES) {
        Vector<T> m[F::ALL], y[F::TILE * F::TILE];
        for (long phase = 0; phase < scratch.MADE; phase++) {
            const T* at = from + phase * scratch.made_room;
            for (long i = 0; i < F::ALL; i++)
                m[i] = counted.at[phase][i] ? load(at + i * scratch.to_room) : Vector<T>{};
            const long place = job.geometry.row(phase).place * F::TILE;
            both_ways<F::POINTS, F::RESULTS>(
                m, F::POINTS, 1, y + place + job.geometry.column(phase).place, F::OUT * F::TILE,
                F::OUT, [](auto... a) { F::template output<T>(a...); });
        }
        for (long i = 0; i < F::TILE * F::TILE; i++) y[i] += load(bias);
        for (long i = 0; job.relu && i < F::TILE * F::TILE; i++)
            y[i] = y[i] < 0 ? Vector<T>{} : y[i];
        store_tile<F::TILE>(y, job.to, group, first, corner(scratch.tiles, F::TILE, t0 + t));
    }
}

// What tasks share: all filters, transformed, or where there are few tiles all of these.
template <class F, class T>
void transform_shared(const Job<T>& job, const FwdScratch<F, T>& s, int threads) {
    constexpr long LANES = Simd<T>::LANES;
    const long each = s.few ? job.from.blocks() : s.vectors;
    parallel_for(job.groups * each, threads, [&](long task, int) {
        const long group = task / each, first = task % each * LANES;
        if (s.few)
            transform_tiles(job, s, group, first, 0, s.tiles.count,
                            s.from + group * F::ALL * s.from_room);
        else
            transform_filters<F>(
                job, group, first, 0, s.padded,
                s.filters + group * F::ALL * s.w_room + first * F::COUNT * s.padded, s.w_room);
    });
}

template <class F, class T>
void convolve(const Job<T>& job, int threads, T* base) {
    constexpr long LANES = Simd<T>::LANES;
    const FwdScratch<F, T> s(job, threads, base);
    transform_shared(job, s, threads);
    parallel_for(job.groups * s.blocks * s.strips, threads, [&](long task, int worker) {
        const long group = task / s.strips / s.blocks, strip = task % s.strips;
        const long v0 = strip * s.vectors / s.strips;
        const long vectors = (strip + 1) * s.vectors / s.strips - v0;
        const long t0 = task / s.strips % s.blocks * s.block;
        const long count = std::min(s.block, s.tiles.count - t0);
        T* from = s.from + (s.few ? group : worker) * F::ALL * s.from_room;
        T* filters = s.filters + (s.few ? worker : group) * F::ALL * s.w_room;
        T* to = s.to + worker * F::ALL * s.to_room;
        for (long c = 0; !s.few && c < s.padded; c += LANES)
            transform_tiles(job, s, group, c, t0, count, from);
        for (long c = 0; c < s.padded; c += s.chunk) {
            for (long v = 0; s.few && v < vectors; v++)
                transform_filters<F>(job, group, (v0 + v) * LANES, c, s.in_chunk(c),
                                     filters + v * LANES * F::COUNT * s.in_chunk(c), s.w_room);
            for (long i = 0; i < F::ALL; i++)
                multiply(job, s, i, c, count, vectors, from + i * s.from_room,
                         filters + i * s.w_room, to + i * s.to_room);
        }
        for (long v = 0; v < vectors; v++)
            transform_back(job, s, group, (v0 + v) * LANES, t0, count, to + v * s.block * LANES);
    });
}

template <class F, class T>
std::size_t convolve_room(const Job<T>& job, int threads) {
    return FwdScratch<F, T>(job, threads, nullptr).pieces.elements();
}

}  // namespace mt::MT_ISA
