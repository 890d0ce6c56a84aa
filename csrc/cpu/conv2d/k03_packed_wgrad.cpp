// Convolution, rung 3, weight gradient: a matrix product that reads the image where it lies.
//
// Idea      dw' = x' dy', summed over all positions: row i of x' is what tap i sees, and ROWS
//           pointers into the image walk along it. dy is turned, so that NR filters lie beside
//           each other, for some positions at a time: in the first-level cache.
// Changed   As in the forward: register tiles. Here only one operand is packed.
// Requires  Nothing.
// Launch    A task per run of images, group and some taps. Runs are cut by the shape alone, and
//           their sums are added in order, so the result does not depend on the threads.
// Reading   tile_from_image, then the task in wgrad.
#include "cpu/conv2d/k03_packed.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long ROWS = 6;          // of a tile: taps, whose pointers the other registers hold
constexpr long TAPS = 32 * ROWS;  // of a task: enough to turn dy anew for each task
constexpr long TASKS = 16;        // images are cut into runs until there are about so many
constexpr long POSITIONS = 256;   // about so many at a time: whole rows, or some small images

template <class T>
struct Scratch {
    Pieces<T> pieces;
    long panels, columns;               // panels of NR filters in a group, and their width
    long rows, tap_blocks;              // of a group: taps, rounded up; tasks
    long run, runs;                     // images of a run, and how many runs
    long rows_at_once, images_at_once;  // rows of positions
    long* offsets;
    T *turned, *sums;
    Frames<T> frames;

    Scratch(const Conv2d& d, int threads, T* base)
        : pieces(base),
          panels((d.filters() + NR<T> - 1) / NR<T>),
          columns(panels * NR<T>),
          rows(round_up(d.taps(), ROWS)),
          tap_blocks((rows + TAPS - 1) / TAPS),
          run(cut(d)),
          runs((d.N + run - 1) / run),
          rows_at_once(std::clamp(POSITIONS / std::max(1L, d.Q), 1L, std::max(1L, d.P))),
          images_at_once(std::max(1L, POSITIONS / std::max(1L, d.positions()))),
          offsets(pieces.template take<long>(d.taps())),
          turned(pieces.take(threads * turned_room(d))),
          sums(pieces.take(runs * d.groups * rows * columns)),
          frames(d, pieces) {}

    long cut(const Conv2d& d) const {
        long wanted = std::clamp(TASKS / (d.groups * tap_blocks), 1L, std::max(1L, d.N));
        return std::max(1L, (d.N + wanted - 1) / wanted);
    }
    long turned_room(const Conv2d& d) const { return images_at_once * rows_at_once * d.Q * NR<T>; }
};

template <class T>
std::size_t wgrad_scratch(const Conv2d& d, int threads) {
    return Scratch<T>(d, threads, nullptr).pieces.elements();
}

// `count` positions of up to NR planes of dy: for each position the numbers of NR filters.
template <class T>
inline void turn(const T* from, long plane, long filters, long count, T* to) {
    constexpr long LANES = Simd<T>::LANES;
    for (long k0 = 0; k0 < NR<T>; k0 += LANES) {
        long j = 0;
        for (; j + LANES <= count; j += LANES) {
            Vector<T> square[LANES];
#pragma GCC unroll 16
            for (long k = 0; k < LANES; k++)
                square[k] = k0 + k < filters ? load(from + (k0 + k) * plane + j) : Vector<T>{};
            transpose<T>(square);
#pragma GCC unroll 16
            for (long k = 0; k < LANES; k++) store(to + (j + k) * NR<T> + k0, square[k]);
        }
        for (; j < count; j++)
            for (long k = k0; k < k0 + LANES; k++)
                to[j * NR<T> + k] = k < filters ? from[k * plane + j] : T(0);
    }
}

// Where ROWS taps see an image at its first position, and how far the next row and image are.
template <class T>
struct Walk {
    const T* taps[ROWS];
    long images, rows, row, image;
};

// c[ROWS x VECTORS] += sum over all positions of a walk of taps[i][position] dy[position].
template <int VECTORS, class T>
inline void tile_from_image(const Conv2d& d, Walk<T> walk, const T* dy, T* c, long c_row) {
    constexpr long LANES = Simd<T>::LANES;
    Vector<T> sum[ROWS][VECTORS] = {};
    for (long n = 0; n < walk.images; n++) {
        const T* from[ROWS];
#pragma GCC unroll 6
        for (long i = 0; i < ROWS; i++) from[i] = walk.taps[i] + n * walk.image;
        for (long p = 0; p < walk.rows; p++) {
            for (long q = 0; q < d.Q; q++, dy += NR<T>) {
                Vector<T> g[VECTORS];
                for (long v = 0; v < VECTORS; v++) g[v] = load(dy + v * LANES);
#pragma GCC unroll 6
                for (long i = 0; i < ROWS; i++)
                    for (long v = 0; v < VECTORS; v++) sum[i][v] += from[i][q] * g[v];
            }
#pragma GCC unroll 6
            for (long i = 0; i < ROWS; i++) from[i] += walk.row;
        }
    }
#pragma GCC unroll 6
    for (long i = 0; i < ROWS; i++)
        for (long v = 0; v < VECTORS; v++) {
            T* to = c + i * c_row + v * LANES;
            store(to, load(to) + sum[i][v]);
        }
}

// Add the share of images [n0, n1): taps [t0, t1) of a group.
template <class T>
void add_images(const Conv2d& d, const Scratch<T>& scratch, const T* dy, long group, long n0,
                long n1, long t0, long t1, T* turned, T* sums) {
    const Frames<T>& frames = scratch.frames;
    const long images = std::min(scratch.images_at_once, n1 - n0), rows = scratch.rows_at_once;
    for (long n = n0; n < n1; n += images)
        for (long p = 0; p < d.P; p += rows) {
            Walk<T> walk{{},
                         std::min(images, n1 - n),
                         std::min(rows, d.P - p),
                         d.stride_h * frames.W,
                         frames.image};
            const T* image = frames.data + n * frames.image + p * walk.row +
                             group * d.depth() * frames.H * frames.W;
            for (long k = 0; k < d.filters(); k += NR<T>) {
                for (long i = 0, count = walk.rows * d.Q; i < walk.images; i++)
                    turn(dy + ((n + i) * d.K + group * d.filters() + k) * d.positions() + p * d.Q,
                         d.positions(), d.filters() - k, count, turned + i * count * NR<T>);
                for (long t = t0; t < t1; t += ROWS) {
                    for (long i = 0; i < ROWS; i++)  // rows that are not there repeat the last tap
                        walk.taps[i] = image + scratch.offsets[std::min(t + i, d.taps() - 1)];
                    T* c = sums + t * scratch.columns + k;
                    if (d.filters() - k > Simd<T>::LANES)
                        tile_from_image<2>(d, walk, turned, c, scratch.columns);
                    else
                        tile_from_image<1>(d, walk, turned, c, scratch.columns);
                }
            }
        }
}

// The sums of all runs for up to NR filters of a group, from k0 on, turned back: a filter's taps
// side by side.
template <class T>
void finish(const Conv2d& d, const Scratch<T>& scratch, long group, long k0, T* dw) {
    constexpr long LANES = Simd<T>::LANES;
    const long area = scratch.rows * scratch.columns, taps = d.taps();
    const long filters = std::min(NR<T>, d.filters() - k0);
    const T* sums = scratch.sums + group * area + k0;
    T* to = dw + (group * d.filters() + k0) * taps;
    for (long t = 0; t < taps; t += LANES)
        for (long k = 0; k < filters; k += LANES) {
            Vector<T> square[LANES] = {};
#pragma GCC unroll 16
            for (long i = 0; i < LANES; i++) {
                const T* from = sums + std::min(t + i, taps - 1) * scratch.columns + k;
                for (long run = 0; run < scratch.runs; run++)
                    square[i] += load(from + run * d.groups * area);
            }
            transpose<T>(square);
            const long rows = std::min(LANES, filters - k), count = std::min(LANES, taps - t);
            for (long i = 0; i < rows; i++)
                __builtin_memcpy(to + (k + i) * taps + t, &square[i], count * sizeof(T));
        }
}

template <class T>
void wgrad(const Conv2d& d, int threads, const T* x, const T* dy, T* dw, T* base) {
    Scratch<T> scratch(d, threads, base);
    Frames<T>& frames = scratch.frames;
    const long groups = d.groups, area = scratch.rows * scratch.columns;
    frames.fill(d, threads, x);
    frames.fill_offsets(d, scratch.offsets);
    parallel_for(scratch.runs * groups * scratch.tap_blocks, threads, [&](long task, int worker) {
        long t0 = task % scratch.tap_blocks * TAPS, t1 = std::min(t0 + TAPS, scratch.rows);
        long group = task / scratch.tap_blocks % groups, run = task / scratch.tap_blocks / groups;
        T* sums = scratch.sums + (run * groups + group) * area;
        std::fill(sums + t0 * scratch.columns, sums + t1 * scratch.columns, T(0));
        add_images(d, scratch, dy, group, run * scratch.run, std::min(d.N, (run + 1) * scratch.run),
                   t0, t1, scratch.turned + worker * scratch.turned_room(d), sums);
    });
    parallel_for(groups * scratch.panels, threads, [&](long task, int) {
        finish(d, scratch, task / scratch.panels, task % scratch.panels * NR<T>, dw);
    });
}

}  // namespace

template <class T>
void add_k03_packed_wgrad(Conv2dKernels<T>& kernels) {
    kernels.wgrad = wgrad<T>, kernels.wgrad_scratch = wgrad_scratch<T>;
}

template void add_k03_packed_wgrad(Conv2dKernels<float>&);
template void add_k03_packed_wgrad(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
