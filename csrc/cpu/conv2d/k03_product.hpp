// The product behind the packed convolutions: filters by what they see at some positions.
#pragma once

#include "cpu/conv2d/k03_packed.hpp"

namespace mt::MT_ISA {

// Positions of a result, counted through all images, and how far it is from one to the next in
// what is read (columns lie side by side there) and in what is written.
struct Grid {
    long rows, columns;
    long from_image, from_row;
    long to_image, to_row, to_column;
};

// Up to NR positions, one after the other, as runs of neighbours in memory.
template <class T>
struct Positions {
    long count, runs = 0;
    bool whole;  // as many as a tile has, and their results side by side
    long from[NR<T>], run_at[NR<T>];
    long to[NR<T>];  // where the results go, for the first filter

    Positions(const Grid& grid, long first, long last) {
        count = std::min(NR<T>, last - first);
        const long area = grid.rows * grid.columns, left = first % area;
        long n = first / area, p = left / grid.columns, q = left % grid.columns;
        for (long j = 0; j < count; j++) {
            from[j] = n * grid.from_image + p * grid.from_row + q;
            to[j] = n * grid.to_image + p * grid.to_row + q * grid.to_column;
            if (j == 0 || from[j] != from[j - 1] + 1) run_at[runs++] = j;
            if (++q == grid.columns) q = 0, p++;
            if (p == grid.rows) p = 0, n++;
        }
        whole = count == NR<T> && to[NR<T> - 1] - to[0] == NR<T> - 1;
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

// A tile of which only `rows` filters are there, or whose positions do not lie side by side.
template <class T>
void tile_in_parts(long steps, const T* a, const T* b, const Positions<T>& at, T* y, long plane,
                   long rows, bool add) {
    constexpr long LANES = Simd<T>::LANES;
    T whole[MR * NR<T>];
    tile_of_rows(rows, steps, a, b, whole, NR<T>, false);
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

// The results of up to MR filters at these positions.
template <class T>
void rectify(const Positions<T>& at, T* y, long plane, long rows) {
    for (long i = 0; i < std::min(MR, rows); i++, y += plane)
        if (at.whole)
            for (T *to = y + at.to[0], *end = to + NR<T>; to < end; to++)
                *to = *to < 0 ? T(0) : *to;
        else
            for (long j = 0; j < at.count; j++) y[at.to[j]] = y[at.to[j]] < 0 ? T(0) : y[at.to[j]];
}

// What is multiplied: `filters` rows of `all` steps, in panels of MR; of these `used` are wanted,
// of which the first `taps` look where `offsets` say and the others see 1.
template <class T>
struct Product {
    Grid grid;
    const T *image, *end;  // what the first position sees; the end of what may be read
    T* out;
    long plane;  // from a filter's result to the next one's
    const T* panels;
    const long* offsets;
    long filters, all, used, taps;
    bool relu;
};

// Positions [first, last): `room` holds (last - first) x chunk + NR numbers.
template <class T>
void multiply(const Product<T>& m, long first, long last, long chunk, T* room) {
    constexpr long ROWS = 16 * MR;  // filters at a time: they stay in the second-level cache
    for (long k = 0; k < m.used; k += chunk) {
        const long steps = std::min(chunk, m.used - k), seen = std::min(steps, m.taps - k);
        for (long i0 = 0; i0 < m.filters; i0 += ROWS)
            for (long j = first; j < last; j += NR<T>) {
                const Positions<T> at(m.grid, j, last);
                T* panel = room + (j - first) * steps;
                if (i0 == 0) {
                    pack_panel(at, m.image, m.end, m.offsets + k, seen, panel);
                    if (seen < steps) std::fill_n(panel + seen * NR<T>, NR<T>, T(1));
                }
                for (long i = i0; i < std::min(i0 + ROWS, m.filters); i += MR) {
                    const T* a = m.panels + i * m.all + k * MR;
                    T* out = m.out + i * m.plane;
                    if (at.whole && i + MR <= m.filters)
                        tile(steps, a, panel, out + at.to[0], m.plane, k > 0);
                    else
                        tile_in_parts(steps, a, panel, at, out, m.plane, m.filters - i, k > 0);
                    if (m.relu && k + steps == m.used) rectify(at, out, m.plane, m.filters - i);
                }
            }
    }
}

// `count` in equal parts of at most `most`.
inline long share(long count, long most) {
    long parts = (count + most - 1) / most;
    return parts ? (count + parts - 1) / parts : 1;
}

// Positions of a task, so that every thread has equally many tasks; where they are cut changes no
// result.
template <class T>
inline long positions_of_task(long positions, int threads) {
    constexpr long MOST = 512;
    return round_up(std::max(share(share(positions, threads), MOST), 4 * NR<T>), NR<T>);
}

}  // namespace mt::MT_ISA
