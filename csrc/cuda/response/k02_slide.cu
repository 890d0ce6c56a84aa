// k02_slide
// Idea:     a thread walks along the channels of one place and keeps the window in registers.
// Changed since k01_naive: an element is loaded once (and n - 1 times at the ends of a run) instead
//           of n or n^2 times, and its power computed once. The sum over the window is taken anew
//           at every step: adding the one that comes and subtracting the one that goes would keep
//           the rounding errors of all that went.
// Requires: n = 3, 5 or 7: the window's length must be known for it to lie in registers.
// Launch:   blocks of 256 threads; a thread has one place and a run of 16 channels. Neighbours in a
//           warp have neighbouring places, so every access is to neighbours where inner >= 32.
// Reading:  backwards two windows follow each other: s of a channel is known n / 2 steps after its
//           x came, and the gradient n / 2 steps after that.
#include "cuda/response/channels.cuh"
#include "cuda/response/rungs.hpp"

namespace mt::response {

namespace {

constexpr int THREADS = 256, RUN = 16;

// The last N values that came, the oldest first.
template <int N, class S>
struct Window {
    S at[N] = {};
    __device__ __forceinline__ void push(S value) {
#pragma unroll
        for (int i = 0; i + 1 < N; i++) at[i] = at[i + 1];
        at[N - 1] = value;
    }
    __device__ __forceinline__ S sum() const {
        S total = 0;
#pragma unroll
        for (int i = 0; i < N; i++) total += at[i];
        return total;
    }
};

template <ResponsePass PASS, int N, class T>
__global__ void __launch_bounds__(THREADS) k02(Arguments<T> a, long long threads, int runs) {
    typedef Sum<T> S;
    constexpr int HALF = N / 2, LATE = PASS == ResponsePass::fwd ? HALF : 2 * HALF;
    const long long t = blockIdx.x * (long long)THREADS + threadIdx.x;
    if (t >= threads) return;
    const long long place = t % a.inner, run = t / a.inner % runs, image = t / a.inner / runs;
    const long long first = image * a.channels * a.inner + place, from = run * RUN;
    const long long to = min(from + RUN, a.channels);
    Window<N, S> squares, ratios;
    Window<LATE + 1, S> xs, gs;  // of the channels c - LATE to c
    Window<HALF + 1, S> scales;  // s of the channels c - LATE to c - HALF
    for (long long c = from - LATE; c < to + LATE; c++) {
        const bool inside = c >= 0 && c < a.channels;
        const S x = inside ? S(a.x[first + c * a.inner]) : S(0);
        xs.push(x);
        squares.push(x * x);
        const S s = squares.sum() * a.alpha + a.k;  // of channel c - HALF
        const long long done = c - LATE;
        if constexpr (PASS == ResponsePass::fwd) {
            if (done >= from) a.y[first + done * a.inner] = T(a.own(xs.at[0], s));
        } else {
            gs.push(inside ? S(a.g[first + c * a.inner]) : S(0));
            scales.push(s);
            ratios.push(a.ratio(gs.at[HALF], xs.at[HALF], s));  // 0 outside, where g is
            if (done >= from)
                a.y[first + done * a.inner] = T(a.own(gs.at[0], scales.at[0]) -
                                                2 * a.alpha * a.beta * xs.at[0] * ratios.sum());
        }
    }
}

template <int N>
void launch_window(const Response& p) {
    const int runs = int(blocks_for(p.channels, RUN));
    const long long threads = p.outer * runs * p.inner;
    const LaunchShape shape{"response k02_slide", blocks_for(threads, THREADS), THREADS, 0,
                            p.stream};
    by_type(p.dtype, [&](auto type) {
        typedef decltype(type) T;
        launch(shape,
               p.pass == ResponsePass::fwd ? k02<ResponsePass::fwd, N, T>
                                           : k02<ResponsePass::back, N, T>,
               typed<T>(p), threads, runs);
    });
}

void run(const Response& p) {
    if (p.n == 3) return launch_window<3>(p);
    if (p.n == 5) return launch_window<5>(p);
    launch_window<7>(p);
}

std::string supports(const Response& p) {
    return p.n == 3 || p.n == 5 || p.n == 7 ? "" : "it has windows of 3, 5 or 7 channels";
}

}  // namespace

const ResponseRung k02_slide = {
    {"k02_slide", "a thread walks along the channels, the window in registers", "n = 3, 5 or 7"},
    supports,
    run};

}  // namespace mt::response
