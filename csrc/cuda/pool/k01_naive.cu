// k01_naive
// Idea:     one thread per output, numbered through all planes; it walks its window.
// Requires: nothing.
// Launch:   blocks of 256 threads, one per output: neighbours in a warp are neighbours in a row.
// Reading:  four 64-bit divisions find the output's place, each some 100 instructions long: more
//           work than a window of 2 x 2 itself. k02_outputs multiplies instead.
#include "cuda/pool/rungs.hpp"
#include "cuda/pool/windows.cuh"

namespace mt::pool {

namespace {

constexpr int THREADS = 256;

template <PoolPass PASS, class T>
__global__ void __launch_bounds__(THREADS) k01(Arguments<T> a) {
    const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
    if (i >= a.outputs) return;
    constexpr bool BACK = PASS == PoolPass::unmax || PASS == PoolPass::unsum;
    const int height = BACK ? a.axis[1].size : a.axis[1].count;
    const int width = BACK ? a.axis[2].size : a.axis[2].count;
    const int depth = BACK ? a.axis[0].size : a.axis[0].count;
    const int q = int(i % width), p = int(i / width % height);
    const int o = int(i / width / height % depth);
    const long long n = i / width / height / depth;
    const T* x = a.x + n * a.plane();
    if constexpr (PASS == PoolPass::max) {
        const Maximum<T> best = maximum(a, x, o, p, q);
        a.y[i] = T(best.value);
        a.set_index(i, best.at);
    } else if constexpr (PASS == PoolPass::at) {
        a.y[i] = picked(a, x, o, p, q, a.index_at(i));
    } else if constexpr (PASS == PoolPass::sum) {
        a.y[i] = T(total(a, x, o, p, q));
    } else {
        const long long windows = (long long)a.axis[0].count * a.axis[1].count * a.axis[2].count;
        a.x[i] = T(gathered<PASS == PoolPass::unmax>(a, n * windows, o, p, q));
    }
}

template <PoolPass PASS>
void launch_pass(const Pool& p) {
    by_type(p.dtype, [&](auto type) {
        typedef decltype(type) T;
        const Arguments<T> a = typed<T>(p);
        launch(LaunchShape{"pool k01_naive", blocks_for(a.outputs, THREADS), THREADS, 0, p.stream},
               k01<PASS, T>, a);
    });
}

void run(const Pool& p) {
    switch (p.pass) {
        case PoolPass::max:
            return launch_pass<PoolPass::max>(p);
        case PoolPass::unmax:
            return launch_pass<PoolPass::unmax>(p);
        case PoolPass::at:
            return launch_pass<PoolPass::at>(p);
        case PoolPass::sum:
            return launch_pass<PoolPass::sum>(p);
        case PoolPass::unsum:
            return launch_pass<PoolPass::unsum>(p);
    }
}

std::string supports(const Pool&) {
    return "";
}

}  // namespace

const PoolRung k01_naive = {{"k01_naive", "one thread per output", ""}, supports, run};

}  // namespace mt::pool
