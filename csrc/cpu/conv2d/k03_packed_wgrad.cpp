// Convolution, rung 3, weight gradient: a matrix product that reads the image where it lies.
//
// Idea      dw' = x' dy', summed over all positions: row i of x' is what tap i sees, and MR
// pointers
//           into the image walk along it; dy is turned so that NR filters lie beside each other.
// Changed   As in the forward: register tiles. Here only one operand is packed.
// Requires  Nothing.
// Launch    A task per run of images, group and some taps. Runs are cut by the shape alone, and
//           their sums are added in order, so the result does not depend on the threads.
// Reading   tile_from_image, then the task in wgrad.
#include "cpu/conv2d/k03_packed.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long TAPS = 8 * MR;    // of a task
constexpr long TASKS = 16;       // images are cut into runs until there are about so many
constexpr long POSITIONS = 256;  // about so many at a time: their dy stays in the cache

template <class T>
struct Scratch {
    Pieces<T> pieces;
    long panels, columns;   // panels of NR filters in a group, and their width
    long rows, tap_blocks;  // of a group: taps, rounded up; tasks
    long run, runs;         // images of a run, and how many runs
    long* offsets;
    T *turned, *sums;
    Frames<T> frames;

    Scratch(const Conv2d& d, T* base)
        : pieces(base),
          panels((d.filters() + NR<T> - 1) / NR<T>),
          columns(panels * NR<T>),
          rows(round_up(d.taps(), MR)),
          tap_blocks((rows + TAPS - 1) / TAPS),
          run(cut(d)),
          runs((d.N + run - 1) / run),
          offsets(pieces.template take<long>(d.taps())),
          turned(pieces.take(d.N * d.groups * columns * d.positions())),
          sums(pieces.take(runs * d.groups * rows * columns)),
          frames(d, pieces) {}

    long cut(const Conv2d& d) const {
        long wanted = std::clamp(TASKS / (d.groups * tap_blocks), 1L, std::max(1L, d.N));
        return std::max(1L, (d.N + wanted - 1) / wanted);
    }
};

template <class T>
std::size_t wgrad_scratch(const Conv2d& d, int) {
    return Scratch<T>(d, nullptr).pieces.elements();
}

// dy in panels of NR filters: for each position the NR numbers beside each other.
template <class T>
void turn(const Conv2d& d, int threads, const T* dy, const Scratch<T>& scratch) {
    const long positions = d.positions();
    parallel_for(d.N * d.groups, threads, [&](long task, int) {
        const T* from = dy + task * d.filters() * positions;
        T* to = scratch.turned + task * scratch.columns * positions;
        for (long k0 = 0; k0 < d.filters(); k0 += NR<T>, to += NR<T> * positions) {
            long count = std::min(NR<T>, d.filters() - k0);
            for (long j = 0; j < positions; j++)
                for (long k = 0; k < NR<T>; k++)
                    to[j * NR<T> + k] = k < count ? from[(k0 + k) * positions + j] : T(0);
        }
    });
}

// c[MR x VECTORS] += sum over `rows` rows of positions of taps[i][position] dy[position].
template <int VECTORS, class T>
inline void tile_from_image(const Conv2d& d, const T* const* taps, long rows, long image_row,
                            const T* dy, T* c, long c_row) {
    constexpr long LANES = Simd<T>::LANES;
    Vector<T> sum[MR][VECTORS];
    const T* from[MR];
#pragma GCC unroll 6
    for (long i = 0; i < MR; i++) {
        from[i] = taps[i];
        for (long v = 0; v < VECTORS; v++) sum[i][v] = load(c + i * c_row + v * LANES);
    }
    for (long p = 0; p < rows; p++) {
        for (long q = 0, at = 0; q < d.Q; q++, at += d.stride_w, dy += NR<T>) {
            Vector<T> g[VECTORS];
            for (long v = 0; v < VECTORS; v++) g[v] = load(dy + v * LANES);
#pragma GCC unroll 6
            for (long i = 0; i < MR; i++)
                for (long v = 0; v < VECTORS; v++) sum[i][v] += from[i][at] * g[v];
        }
#pragma GCC unroll 6
        for (long i = 0; i < MR; i++) from[i] += image_row;
    }
#pragma GCC unroll 6
    for (long i = 0; i < MR; i++)
        for (long v = 0; v < VECTORS; v++) store(c + i * c_row + v * LANES, sum[i][v]);
}

// Add one image's share: `image` is a group's channels, taps [t0, t1) of it.
template <class T>
void add_image(const Conv2d& d, const Scratch<T>& scratch, const T* image, const T* turned, long t0,
               long t1, T* sums) {
    const long step = std::max(1L, POSITIONS / std::max(1L, d.Q));
    const long image_row = d.stride_h * scratch.frames.W;
    for (long p = 0; p < d.P; p += step) {
        long rows = std::min(step, d.P - p);
        for (long k = 0; k < d.filters(); k += NR<T>)
            for (long t = t0; t < t1; t += MR) {
                const T* taps[MR];  // rows that are not there repeat the last tap
                for (long i = 0; i < MR; i++)
                    taps[i] =
                        image + scratch.offsets[std::min(t + i, d.taps() - 1)] + p * image_row;
                const T* dy = turned + (k * d.P + p * NR<T>)*d.Q;
                T* c = sums + t * scratch.columns + k;
                if (d.filters() - k > Simd<T>::LANES)
                    tile_from_image<2>(d, taps, rows, image_row, dy, c, scratch.columns);
                else
                    tile_from_image<1>(d, taps, rows, image_row, dy, c, scratch.columns);
            }
    }
}

template <class T>
void wgrad(const Conv2d& d, int threads, const T* x, const T* dy, T* dw, T* base) {
    Scratch<T> scratch(d, base);
    Frames<T>& frames = scratch.frames;
    const long groups = d.groups, taps = d.taps(), area = scratch.rows * scratch.columns;
    frames.fill(d, threads, x);
    fill_offsets(d, frames.H, frames.W, scratch.offsets);
    turn(d, threads, dy, scratch);
    parallel_for(scratch.runs * groups * scratch.tap_blocks, threads, [&](long task, int) {
        long t0 = task % scratch.tap_blocks * TAPS, t1 = std::min(t0 + TAPS, scratch.rows);
        long group = task / scratch.tap_blocks % groups, run = task / scratch.tap_blocks / groups;
        T* sums = scratch.sums + (run * groups + group) * area;
        std::fill(sums + t0 * scratch.columns, sums + t1 * scratch.columns, T(0));
        for (long n = run * scratch.run; n < std::min(d.N, (run + 1) * scratch.run); n++)
            add_image(d, scratch,
                      frames.data + n * frames.image + group * d.depth() * frames.H * frames.W,
                      scratch.turned + (n * groups + group) * scratch.columns * d.positions(), t0,
                      t1, sums);
    });
    for (long i = 0; i < d.K * taps; i++) {
        long k = i / taps, group = k / d.filters();
        const T* from = scratch.sums + group * area + i % taps * scratch.columns + k % d.filters();
        dw[i] = 0;
        for (long run = 0; run < scratch.runs; run++) dw[i] += from[run * groups * area];
    }
}

}  // namespace

template <class T>
void add_k03_packed_wgrad(Conv2dKernels<T>& kernels) {
    kernels.wgrad = wgrad<T>, kernels.wgrad_scratch = wgrad_scratch<T>;
}

template void add_k03_packed_wgrad(Conv2dKernels<float>&);
template void add_k03_packed_wgrad(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
