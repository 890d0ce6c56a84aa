// k01_direct
// Idea:     one thread per element of the result; it runs through the formula's sum.
// Requires: nothing; any strides.
// Launch:   blocks of 256 threads in a row along the places of y (for wgrad: along the taps and
//           channels of dw), so that with channels first neighbouring threads read neighbouring
//           pixels, and all of them the same element of w.
// Reading:  every element of x is read K / groups times and more, all of it from the caches.
//           This is the rung that the others are checked against; compare with conv.hpp.
#include "cuda/conv/correlation.cuh"
#include "cuda/conv/rungs.hpp"

namespace mt::conv {

namespace {

constexpr int THREADS = 256;
static_assert(THREADS % 32 == 0, "a block is made of whole warps");

template <class T>
__global__ void __launch_bounds__(THREADS) k01(Correlation<T> c) {
    const long long element = blockIdx.x * (long long)THREADS + threadIdx.x;
    const long long row = element / c.places();  // of y's channels
    if (row >= (long long)c.groups * c.outputs) return;
    const int m = int(element % c.places()), group = int(row / c.outputs),
              out = int(row % c.outputs);
    const Place place = place_of(c, m, group);
    const T* filter = c.filter + group * c.f_group + out * c.f_out;
    Sum<T> sum = 0;
    for (int i = 0; i < c.window(); i++) {
        const Tap tap(c, i);
        if (!place.sees(c, tap)) continue;
        const T* x = c.image + place.corner + tap.offset;
        const T* w = filter + tap.in_filter(c);
        for (int in = 0; in < c.inputs; in++) sum += Sum<T>(x[in * c.i_c]) * Sum<T>(w[in * c.f_in]);
    }
    store(c, y_offset(c, m), group, out, sum);
}

template <class T>
__global__ void __launch_bounds__(THREADS) k01_wgrad(Correlation<T> c) {
    const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
    const long long k = i / c.terms();  // of all filters
    if (k >= (long long)c.groups * c.outputs) return;
    const int group = int(k / c.outputs), out = int(k % c.outputs);
    int number = int(i % c.terms());
    const int in = c.by_input.split(number);
    const Tap tap(c, number);
    const T* dy = c.y + k * c.y_c;
    Sum<T> sum = 0;
    for (int m = 0; m < c.places(); m++) {
        const Place place = place_of(c, m, group);
        if (place.sees(c, tap))
            sum += Sum<T>(c.image[place.corner + tap.offset + in * c.i_c]) *
                   Sum<T>(dy[y_offset(c, m)]);
    }
    c.filter[group * c.f_group + out * c.f_out + in * c.f_in + tap.in_filter(c)] = T(sum);
}

template <class T>
void correlate(const Correlation<T>& c, Stream stream) {
    const long long elements = (long long)c.groups * c.outputs * c.places();
    launch(LaunchShape{"conv k01_direct", blocks_for(elements, THREADS), THREADS, 0, stream},
           k01<T>, c);
}

void fwd(const Conv& p) {
    run_fwd(p, [&](auto c) { correlate(c, p.stream); });
}

void dgrad(const Conv& p) {
    run_dgrad(p, [&](auto c) { correlate(c, p.stream); });
}

template <class T>
void filter_gradient(const Correlation<T>& c, Stream stream) {
    const long long elements = (long long)c.groups * c.outputs * c.terms();
    launch(LaunchShape{"conv k01_direct wgrad", blocks_for(elements, THREADS), THREADS, 0, stream},
           k01_wgrad<T>, c);
}

void wgrad(const Conv& p) {
    run_fwd(p, [&](auto c) { filter_gradient(c, p.stream); });
}

}  // namespace

const ConvRung k01_direct = {{"k01_direct", "one thread per element of the result", ""},
                             {supports_everything, no_workspace, fwd},
                             {supports_everything, no_workspace, dgrad},
                             {supports_everything, no_workspace, wgrad}};

}  // namespace mt::conv
