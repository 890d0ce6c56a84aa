// Convolution, rung 4, forward and input gradient: Winograd's transforms, tile by tile.
//
// Idea      4 x 4 results of a 3 x 3 filter need 144 multiplications, or 36 between transformed
//           operands (winograd.hpp); 2 x 2 of a 5 x 5 filter 100, or 36. Point by point these are
//           products of matrices: tiles by channels, channels by filters. The input gradient is
//           the same, with dy as the image and the filters turned round.
// Changed   A quarter of the multiplications; larger errors (minitorch/ops/conv_winograd.py).
// Requires  3 x 3 or 5 x 5 filters, stride 1, dilation 1. Any padding, any groups.
// Launch    A task per block of tiles and group: there, products, and back, within the cache.
// Reading   convolve; the tiles are in winograd_tiles.hpp.
#include "cpu/conv2d/winograd_tiles.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long CHANNELS = 256;     // of the image at a time: their filters stay in the cache
constexpr long FEW = 32;           // tiles of a task; with many filters, which come from memory,
constexpr long MANY = 128;         // they have to be used for more of them
constexpr long FILTERS = 1 << 17;  // so many, channels by channels

// What is convolved: dx is made of dy as y is of x.
template <class T>
struct Job {
    Planes<const T> from;
    Planes<T> to;
    long groups, pad_h, pad_w;
    const T *w, *bias;
    long w_to, w_from;  // from a filter to that of the next channel of `to`, of `from`
    bool turned, relu;
};

template <class T>
Job<T> fwd_job(const Conv2d& d, const T* x, const T* w, const T* b, T* y) {
    const Planes<const T> from{x, d.N, d.C, d.depth(), d.H, d.W};
    const Planes<T> to{y, d.N, d.K, d.filters(), d.P, d.Q};
    return {from, to, d.groups, d.pad_h, d.pad_w, w, b, d.taps(), d.R * d.S, false, d.relu};
}

template <class T>
Job<T> dgrad_job(const Conv2d& d, const T* dy, const T* w, T* dx) {
    const Planes<const T> from{dy, d.N, d.K, d.filters(), d.P, d.Q};
    const Planes<T> to{dx, d.N, d.C, d.depth(), d.H, d.W};
    const long pad_h = d.R - 1 - d.pad_h, pad_w = d.S - 1 - d.pad_w;
    return {from, to, d.groups, pad_h, pad_w, w, nullptr, d.R * d.S, d.taps(), true, false};
}

template <int M, class T>
struct Scratch {
    static constexpr int POINTS = Winograd<M>::POINTS * Winograd<M>::POINTS;
    Pieces<T> pieces;
    Tiles tiles;
    long block, blocks;               // tiles of a task; tasks of a group
    long w_room, from_room, to_room;  // of a point
    T *filters, *from, *to;

    Scratch(const Job<T>& job, int threads, T* base)
        : pieces(base),
          tiles(M, job.to.N, job.to.H, job.to.W),
          block(cut(job, threads)),
          blocks((tiles.count + block - 1) / block),
          w_room(point_room<T>(job.from.padded(), job.to.padded())),
          from_room(point_room<T>(block, job.from.padded())),
          to_room(point_room<T>(block, job.to.padded())),
          filters(pieces.take(job.groups * POINTS * w_room)),
          from(pieces.take(threads * POINTS * from_room)),
          to(pieces.take(threads * POINTS * to_room)) {}

    // As many tiles as stay in the cache, and for every thread equally many blocks of them. Where
    // they are cut changes no result.
    long cut(const Job<T>& job, int threads) const {
        const long most = job.from.padded() * job.to.padded() < FILTERS ? FEW : MANY;
        long rounds = std::max(1L, (tiles.count + most * threads - 1) / (most * threads));
        return round_up((tiles.count + rounds * threads - 1) / (rounds * threads), 4) +
               4 * !tiles.count;
    }
};

// Transformed filters: for each point and block of `to`'s channels, a vector per channel of `from`.
template <int M, class T>
void transform_filters(const Job<T>& job, int threads, const Scratch<M, T>& scratch) {
    using W = Winograd<M>;
    constexpr long LANES = Simd<T>::LANES, POINTS = W::POINTS, TAPS = W::TAPS * W::TAPS;
    const long blocks = job.to.blocks(), padded = job.from.padded();
    parallel_for(job.groups * blocks, threads, [&](long task, int) {
        long group = task / blocks, first = task % blocks * LANES;
        const T* w = job.w + group * job.to.depth * job.from.depth * TAPS;
        T* to = scratch.filters + group * POINTS * POINTS * scratch.w_room + first * padded;
        for (long c = 0; c < padded; c++, to += LANES) {
            T taps[TAPS * LANES] = {};
            for (long k = 0; c < job.from.depth && k < std::min(LANES, job.to.depth - first); k++)
                for (long i = 0; i < TAPS; i++)
                    taps[i * LANES + k] = w[(first + k) * job.w_to + c * job.w_from +
                                            (job.turned ? TAPS - 1 - i : i)];
            Vector<T> g[TAPS], u[POINTS * POINTS];
            for (long i = 0; i < TAPS; i++) g[i] = load(taps + i * LANES);
            both_ways<W::TAPS, POINTS>(g, u, [](auto... a) { W::template filter<T>(a...); });
            for (long i = 0; i < POINTS * POINTS; i++) store(to + i * scratch.w_room, u[i]);
        }
    });
}

// The product of one point: c[tiles x to] = a[tiles x from] b[from x to], all in blocks.
template <class T>
void multiply(long tiles, long tile_room, const T* a, long depth, const T* b, long blocks, T* c) {
    constexpr long LANES = Simd<T>::LANES;
    for (long k = 0; k < depth; k += CHANNELS) {
        const T* from = a + k * tile_room;
        block_tiles<LANES, LANES>(
            0, tiles, blocks, std::min(CHANNELS, depth - k) / LANES,
            [=](long t) { return from + t * LANES; }, tile_room * LANES, b + k * LANES,
            depth * LANES, c, tile_room * LANES, k > 0);
    }
}

template <int M, class T>
void convolve(const Job<T>& job, int threads, T* base) {
    using W = Winograd<M>;
    constexpr long LANES = Simd<T>::LANES, POINTS = W::POINTS, ALL = POINTS * POINTS;
    const Scratch<M, T> scratch(job, threads, base);
    const long block = scratch.block;
    transform_filters<M>(job, threads, scratch);
    parallel_for(job.groups * scratch.blocks, threads, [&](long task, int worker) {
        const long group = task / scratch.blocks, t0 = task % scratch.blocks * block;
        const long count = std::min(block, scratch.tiles.count - t0);
        T* from = scratch.from + worker * ALL * scratch.from_room;
        T* to = scratch.to + worker * ALL * scratch.to_room;
        for (long c = 0; c < job.from.depth; c += LANES)
            for (long t = 0; t < count; t++) {
                Corner at = corner(scratch.tiles, M, t0 + t);
                Vector<T> d[ALL], v[ALL];
                load_window<POINTS>(job.from, group, c, {at.n, at.h - job.pad_h, at.w - job.pad_w},
                                    d);
                both_ways<POINTS, POINTS>(d, v, [](auto... a) { W::template input<T>(a...); });
                T* out = from + c * block + t * LANES;
                for (long i = 0; i < ALL; i++) store(out + i * scratch.from_room, v[i]);
            }
        for (long i = 0; i < ALL; i++)
            multiply(count, block, from + i * scratch.from_room, job.from.padded(),
                     scratch.filters + (group * ALL + i) * scratch.w_room, job.to.blocks(),
                     to + i * scratch.to_room);
        for (long k = 0; k < job.to.depth; k += LANES) {
            T bias[LANES] = {};
            for (long i = 0; job.bias && i < std::min(LANES, job.to.depth - k); i++)
                bias[i] = job.bias[group * job.to.depth + k + i];
            for (long t = 0; t < count; t++) {
                Vector<T> m[ALL], y[M * M];
                const T* in = to + k * block + t * LANES;
                for (long i = 0; i < ALL; i++) m[i] = load(in + i * scratch.to_room);
                both_ways<POINTS, M>(m, y, [](auto... a) { W::template output<T>(a...); });
                for (long i = 0; i < M * M; i++) y[i] += load(bias);
                for (long i = 0; job.relu && i < M * M; i++) y[i] = y[i] < 0 ? Vector<T>{} : y[i];
                store_tile<M>(y, job.to, group, k, corner(scratch.tiles, M, t0 + t));
            }
        }
    });
}

// 4 x 4 results of 3 x 3 filters, 2 x 2 of 5 x 5.
template <class T>
void run(const Conv2d& d, const Job<T>& job, int threads, T* scratch) {
    d.R == 3 ? convolve<4>(job, threads, scratch) : convolve<2>(job, threads, scratch);
}

template <class T>
std::size_t room(const Conv2d& d, const Job<T>& job, int threads) {
    return d.R == 3 ? Scratch<4, T>(job, threads, nullptr).pieces.elements()
                    : Scratch<2, T>(job, threads, nullptr).pieces.elements();
}

template <class T>
void fwd(const Conv2d& d, int threads, const T* x, const T* w, const T* b, T* y, T* scratch) {
    run(d, fwd_job(d, x, w, b, y), threads, scratch);
}

template <class T>
void dgrad(const Conv2d& d, int threads, const T* dy, const T* w, T* dx, T* scratch) {
    run(d, dgrad_job(d, dy, w, dx), threads, scratch);
}

template <class T>
std::size_t fwd_scratch(const Conv2d& d, int threads) {
    return room(d, fwd_job<T>(d, nullptr, nullptr, nullptr, nullptr), threads);
}

template <class T>
std::size_t dgrad_scratch(const Conv2d& d, int threads) {
    return room(d, dgrad_job<T>(d, nullptr, nullptr, nullptr), threads);
}

}  // namespace

template <class T>
void add_k04_winograd_fwd(Conv2dKernels<T>& kernels) {
    kernels.fwd = fwd<T>, kernels.fwd_scratch = fwd_scratch<T>;
    kernels.dgrad = dgrad<T>, kernels.dgrad_scratch = dgrad_scratch<T>;
}

template void add_k04_winograd_fwd(Conv2dKernels<float>&);
template void add_k04_winograd_fwd(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
