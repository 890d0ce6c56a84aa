// Convolution of volumes as that of images (conv3d.hpp), some slices at a time.
//
// Idea      The planes that a slice sees are copied beside each other, T times as many as there
//           are: next to K R S multiplications for each of their elements that costs little. The
//           input gradient adds up what comes back to each plane; the weight gradient wants no more
//           than the slices of dy in order.
// Requires  What the rung of conv2d requires.
// Launch    Slices of slices one after the other, cut by the shape alone; planes are the tasks, and
//           the rung has its own. Sums over runs are in order.
// Reading   unfold, then fwd.
#include <algorithm>

#include "common/parallel.hpp"
#include "cpu/conv3d/conv3d.hpp"

namespace mt::MT_ISA {
namespace {

// Elements that a run of slices unfolds, about so many: enough for a rung to share out its work.
constexpr long RUN = 1 << 22;

long whole_lines(long count) {
    return (count + 15) / 16 * 16;
}

template <class T>
struct Slices {
    const Conv3d& d;
    long most, last;              // slices of a run, and of the last one
    long seen_plane, made_plane;  // elements of a plane of x and of y
    long images, results, sums;   // elements of scratch for each

    explicit Slices(const Conv3d& d)
        : d(d), seen_plane(d.slices.H * d.slices.W), made_plane(d.slices.positions()) {
        const Conv2d& s = d.slices;
        const long slice = std::max(1L, s.C * seen_plane + s.K * made_plane);
        most = std::clamp(RUN / slice, 1L, std::max(1L, s.N));
        last = s.N ? (s.N - 1) % most + 1 : 0;
        images = whole_lines(most * s.C * seen_plane);
        results = d.O == 1 ? 0 : whole_lines(most * s.K * made_plane);
        sums = most < s.N ? whole_lines(s.K * s.taps()) : 0;
    }
    Conv2d run(long count) const {
        Conv2d slices = d.slices;
        slices.N = count;
        return slices;
    }
    template <class Scratch>
    std::size_t scratch(const Scratch& rung, int threads) const {
        const auto whole = rung(run(most), threads), rest = rung(run(last), threads);
        return images + results + sums + std::max(whole, rest);
    }
    // body(first slice, the run's slices as images) for each run.
    template <class Body>
    void each(const Body& body) const {
        for (long first = 0; first < d.slices.N; first += most)
            body(first, run(std::min(most, d.slices.N - first)));
    }
    // Which plane of its volume the tap t sees of slice o; not always one that is there.
    long plane(long o, long t) const { return o * d.stride + t * d.dilation - d.pad; }

    // The images of `count` slices.
    void unfold(long first, long count, int threads, const T* x, T* to) const {
        const long channels = d.channels();
        parallel_for(count * channels, threads, [&](long task, int) {
            const long slice = first + task / channels, c = task % channels;
            const T* from = x + (slice / d.O * channels + c) * d.D * seen_plane;
            T* plane_of_tap = to + task * d.T * seen_plane;
            for (long t = 0; t < d.T; t++, plane_of_tap += seen_plane) {
                const long at = plane(slice % d.O, t);
                if (at >= 0 && at < d.D)
                    std::copy_n(from + at * seen_plane, seen_plane, plane_of_tap);
                else
                    std::fill_n(plane_of_tap, seen_plane, T(0));
            }
        });
    }
    // The other way: a plane of dx grows by what its taps have in these slices, in their order.
    void fold(long first, long count, int threads, const T* from, T* dx) const {
        const long channels = d.channels(), n0 = first / d.O, end = first + count;
        parallel_for(((end - 1) / d.O + 1 - n0) * channels, threads, [&](long task, int) {
            const long n = n0 + task / channels, c = task % channels;
            T* volume = dx + (n * channels + c) * d.D * seen_plane;
            if (first <= n * d.O) std::fill_n(volume, d.D * seen_plane, T(0));
            const long begin = std::max(first, n * d.O), stop = std::min(end, (n + 1) * d.O);
            for (long slice = begin; slice < stop; slice++)
                for (long t = 0; t < d.T; t++) {
                    const long at = plane(slice - n * d.O, t);
                    if (at < 0 || at >= d.D) continue;
                    const T* __restrict in =
                        from + ((slice - first) * d.slices.C + c * d.T + t) * seen_plane;
                    T* __restrict out = volume + at * seen_plane;
                    for (long i = 0; i < seen_plane; i++) out[i] += in[i];
                }
        });
    }
    // y has its slices k planes apart, the rung side by side: copy(plane of y, plane of a slice).
    template <class Y, class Copy>
    void planes_of_y(long first, long count, int threads, Y* y, const Copy& copy) const {
        const long K = d.slices.K;
        parallel_for(count * K, threads, [&](long task, int) {
            const long slice = first + task / K, k = task % K;
            copy(y + ((slice / d.O * K + k) * d.O + slice % d.O) * made_plane, task * made_plane);
        });
    }
    // dy's slices side by side: where they lie, if a volume has one, else a copy.
    const T* slices_of(long first, long count, int threads, const T* dy, T* to) const {
        if (d.O == 1) return dy + first * d.slices.K * made_plane;
        planes_of_y(first, count, threads, dy,
                    [&](const T* plane, long at) { std::copy_n(plane, made_plane, to + at); });
        return to;
    }
};

template <class T>
void fwd(const Conv3d& d, const Conv2dKernels<T>& rung, int threads, const T* x, const T* w,
         const T* b, T* y, T* scratch) {
    const Slices<T> all(d);
    T *images = scratch, *results = images + all.images, *rest = results + all.results;
    all.each([&](long first, const Conv2d& run) {
        all.unfold(first, run.N, threads, x, images);
        if (d.O == 1)
            return rung.fwd(run, threads, images, w, b, y + first * run.K * all.made_plane, rest);
        rung.fwd(run, threads, images, w, b, results, rest);
        all.planes_of_y(first, run.N, threads, y, [&](T* plane, long at) {
            std::copy_n(results + at, all.made_plane, plane);
        });
    });
}

template <class T>
void dgrad(const Conv3d& d, const Conv2dKernels<T>& rung, int threads, const T* dy, const T* w,
           T* dx, T* scratch) {
    const Slices<T> all(d);
    T *images = scratch, *results = images + all.images, *rest = results + all.results;
    if (!d.O) std::fill_n(dx, d.volumes * d.channels() * d.D * all.seen_plane, T(0));
    all.each([&](long first, const Conv2d& run) {
        const T* from = all.slices_of(first, run.N, threads, dy, results);
        rung.dgrad(run, threads, from, w, images, rest);
        all.fold(first, run.N, threads, images, dx);
    });
}

template <class T>
void wgrad(const Conv3d& d, const Conv2dKernels<T>& rung, int threads, const T* x, const T* dy,
           T* dw, T* scratch) {
    const Slices<T> all(d);
    T *images = scratch, *results = images + all.images, *sums = results + all.results;
    T* const rest = sums + all.sums;
    if (!d.slices.N) std::fill_n(dw, d.slices.K * d.slices.taps(), T(0));
    all.each([&](long first, const Conv2d& run) {
        all.unfold(first, run.N, threads, x, images);
        const T* from = all.slices_of(first, run.N, threads, dy, results);
        rung.wgrad(run, threads, images, from, first ? sums : dw, rest);
        for (long i = 0; first && i < run.K * run.taps(); i++) dw[i] += sums[i];
    });
}

template <class T>
std::size_t fwd_scratch(const Conv3d& d, const Conv2dKernels<T>& rung, int threads) {
    return Slices<T>(d).scratch(rung.fwd_scratch, threads);
}
template <class T>
std::size_t dgrad_scratch(const Conv3d& d, const Conv2dKernels<T>& rung, int threads) {
    return Slices<T>(d).scratch(rung.dgrad_scratch, threads);
}
template <class T>
std::size_t wgrad_scratch(const Conv3d& d, const Conv2dKernels<T>& rung, int threads) {
    return Slices<T>(d).scratch(rung.wgrad_scratch, threads);
}

template <class T>
Conv3dKernels<T> kernels() {
    return {fwd<T>, dgrad<T>, wgrad<T>, fwd_scratch<T>, dgrad_scratch<T>, wgrad_scratch<T>};
}

}  // namespace

Conv3dTypes conv3d_kernels() {
    return {kernels<float>(), kernels<double>()};
}

}  // namespace mt::MT_ISA
