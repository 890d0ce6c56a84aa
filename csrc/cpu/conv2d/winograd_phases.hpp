// Convolutions whose images and filters are taken apart into phases, for Winograd's formula.
//
// With a stride of 2 there are four: even or odd rows, even or odd columns. Each is a convolution
// of stride 1. Phases of what is read add up to one result; phases of what is made lie interleaved.
#pragma once

#include "cpu/conv2d/winograd_tiles.hpp"

namespace mt::MT_ISA {

enum class Phases { NONE, READ, MADE };

// R taps, M results; and what a window and a tile measure that hold all phases.
template <int M, int R, Phases PHASES>
struct Formula : Winograd<M, R> {
    static constexpr int RESULTS = M, TAPS = R, POINTS = Winograd<M, R>::POINTS;
    static constexpr int ALL = POINTS * POINTS;
    static constexpr bool READ = PHASES == Phases::READ, MADE = PHASES == Phases::MADE;
    static constexpr int COUNT = READ || MADE ? 4 : 1;           // of phases
    static constexpr int IN = READ ? 2 : 1, OUT = MADE ? 2 : 1;  // strides
    // Where results are interleaved, the windows of two phases may lie one apart.
    static constexpr int WINDOW = IN * POINTS + MADE, TILE = OUT * M;
};

// One axis of a phase. Tap i is tap first + i step of the whole filter; the phase begins `view`
// into the window, its results begin `place` into the tile.
struct Phase {
    long taps, first, step, view, place;
};

struct Axis {
    long start;  // of the window, from the tile's corner on
    Phase phases[2];
};

struct Geometry {
    Axis down, across;

    const Phase& row(long phase) const { return down.phases[phase / 2]; }
    const Phase& column(long phase) const { return across.phases[phase % 2]; }
};

// y[p] = sum over r of x[p + r - pad] w[r]
inline Axis plain_axis(long taps, long pad) {
    return {-pad, {{taps, 0, 1, 0, 0}, {}}};
}

// The same with the filter turned round: dx[h] = sum over r of dy[h + pad - r] w[r].
inline Axis turned_axis(long taps, long pad) {
    return {pad - (taps - 1), {{taps, taps - 1, -1, 0, 0}, {}}};
}

// y[p] = sum over phases i and a of x_i[p + a] w[2 a + i], where x_i[u] = x[2 u + i - pad]
inline Axis read_axis(long taps, long pad) {
    return {-pad, {{(taps + 1) / 2, 0, 2, 0, 0}, {taps / 2, 1, 2, 1, 0}}};
}

// dx_i[u] = sum over a of dy[u - a] w[2 a + i], where dx_i[u] = dx[2 u + i - pad]
inline Axis made_axis(long taps, long pad) {
    Axis axis{};
    long starts[2];
    for (long i = 0; i < 2; i++) {
        const long count = (taps + 1 - i) / 2, u = (pad + 1 - i) / 2;  // the first u within dx
        axis.phases[i] = {count, 2 * (count - 1) + i, -2, 0, (pad + i) % 2};
        starts[i] = u - (count - 1);
    }
    axis.start = std::min(starts[0], starts[1]);
    for (long i = 0; i < 2; i++) axis.phases[i].view = starts[i] - axis.start;
    return axis;
}

// Whether a phase has a product at this point: with a tap less it has none at infinity.
template <class F>
inline bool counts(const Geometry& geometry, long phase, long point) {
    constexpr long LAST = F::POINTS - 1;
    if (F::COUNT == 1) return true;
    return (geometry.row(phase).taps == F::TAPS || point / F::POINTS < LAST) &&
           (geometry.column(phase).taps == F::TAPS || point % F::POINTS < LAST);
}

// The same of all phases and points.
template <class F>
struct Counted {
    bool at[F::COUNT][F::ALL];

    explicit Counted(const Geometry& geometry) {
        for (long phase = 0; phase < F::COUNT; phase++)
            for (long i = 0; i < F::ALL; i++) at[phase][i] = counts<F>(geometry, phase, i);
    }
};

// The window of a tile, `views` phases of it transformed: `view_room` from one to the next.
template <class F, class T>
inline void transform_window(const Geometry& geometry, long views, const Planes<const T>& from,
                             long group, long first, Corner at, T* to, long view_room, long room) {
    Vector<T> d[F::WINDOW * F::WINDOW], v[F::ALL];
    at.h = at.h / F::OUT * F::IN + geometry.down.start;
    at.w = at.w / F::OUT * F::IN + geometry.across.start;
    load_window<F::WINDOW>(from, group, first, at, d);
    for (long i = 0; i < views; i++, to += view_room) {
        const Vector<T>* seen = d + geometry.row(i).view * F::WINDOW + geometry.column(i).view;
        both_ways<F::POINTS, F::POINTS>(seen, F::IN * F::WINDOW, F::IN, v, F::POINTS, 1,
                                        [](auto... a) { F::template input<T>(a...); });
        for (long j = 0; j < F::ALL; j++) store(to + j * room, v[j]);
    }
}

}  // namespace mt::MT_ISA
