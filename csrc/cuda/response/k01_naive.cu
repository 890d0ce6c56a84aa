// k01_naive
// Idea:     one thread per element sums the squares of its neighbours.
// Requires: nothing.
// Launch:   blocks of 256 threads, one element each: neighbours in a warp are neighbouring places
//           of one channel.
// Reading:  backwards each of an element's n neighbours needs a sum of n squares: n^2 loads for an
//           element, if mostly from the caches. k02_slide loads it once.
#include "cuda/response/channels.cuh"
#include "cuda/response/rungs.hpp"

namespace mt::response {

namespace {

constexpr int THREADS = 256;

// s of channel c, whose place in channel 0 is `first`.
template <class T>
__device__ __forceinline__ Sum<T> scale(const Arguments<T>& a, long long first, long long c) {
    Sum<T> squares = 0;
    const long long end = min(c + a.half + 1, a.channels);
    for (long long j = max(c - a.half, 0ll); j < end; j++) squares += a.square(first + j * a.inner);
    return squares * a.alpha + a.k;
}

template <ResponsePass PASS, class T>
__global__ void __launch_bounds__(THREADS) k01(Arguments<T> a) {
    const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
    if (i >= a.elements) return;
    const long long c = i / a.inner % a.channels, first = i - c * a.inner;
    const Sum<T> s = scale(a, first, c), x = Sum<T>(a.x[i]);
    if constexpr (PASS == ResponsePass::fwd) {
        a.y[i] = T(a.own(x, s));
    } else {
        Sum<T> sum = 0;
        const long long end = min(c + a.half + 1, a.channels);
        for (long long j = max(c - a.half, 0ll); j < end; j++) {
            const long long at = first + j * a.inner;
            sum += a.ratio(Sum<T>(a.g[at]), Sum<T>(a.x[at]), scale(a, first, j));
        }
        a.y[i] = T(a.own(Sum<T>(a.g[i]), s) - 2 * a.alpha * a.beta * x * sum);
    }
}

void run(const Response& p) {
    const LaunchShape shape{"response k01_naive", blocks_for(p.elements(), THREADS), THREADS, 0,
                            p.stream};
    by_type(p.dtype, [&](auto type) {
        typedef decltype(type) T;
        launch(shape,
               p.pass == ResponsePass::fwd ? k01<ResponsePass::fwd, T> : k01<ResponsePass::back, T>,
               typed<T>(p));
    });
}

std::string supports(const Response&) {
    return "";
}

}  // namespace

const ResponseRung k01_naive = {{"k01_naive", "one thread per element", ""}, supports, run};

}  // namespace mt::response
