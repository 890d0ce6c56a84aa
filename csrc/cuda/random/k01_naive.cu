// k01_naive
// Idea:     one thread per element, which computes the whole block that its lane is in.
// Requires: nothing.
// Launch:   blocks of 256 threads, one element each.
// Reading:  eight threads compute the same block: ten rounds with two 64-bit products each, some
//           200 instructions for an element that moves 8 bytes. k02_blocks shares them.
#include "cuda/random/philox.cuh"
#include "cuda/random/rungs.hpp"

namespace mt::random {

namespace {

constexpr int THREADS = 256;

template <RandomPass PASS, class T>
__global__ void __launch_bounds__(THREADS) k01(Arguments<T> a) {
    const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
    if (i >= a.elements) return;
    const long long number = i / (a.shared * a.after) * a.after + i % a.after;
    const Lanes lanes = philox(a.seed, a.offset, number / 8);
    const int lane = int(number % 8), even = lane / 2 * 2;
    if constexpr (PASS == RandomPass::dropout) {
        a.y[i] = a.dropped(a.x[i], lanes[lane] >= a.threshold);
    } else if constexpr (PASS == RandomPass::uniform) {
        a.y[i] = a.template made<PASS>(i, uniform(lanes[lane]));
    } else {
        const Pair pair = normal(lanes[even], lanes[even + 1]);
        a.y[i] = a.template made<PASS>(i, lane == even ? pair.first : pair.second);
    }
}

void run(const Random& p) {
    by_type(p.dtype, [&](auto type) {
        by_pass(p.pass, [&](auto pass) {
            typedef decltype(type) T;
            launch(LaunchShape{"random k01_naive", blocks_for(p.elements(), THREADS), THREADS, 0,
                               p.stream},
                   k01<decltype(pass)::value, T>, typed<T>(p));
        });
    });
}

std::string supports(const Random&) {
    return "";
}

}  // namespace

const RandomRung k01_naive = {{"k01_naive", "one thread per element", ""}, supports, run};

}  // namespace mt::random
