// k02_blocks
// Idea:     one thread per block of Philox: all its eight lanes are used.
// Changed since k01_naive: an eighth of the arithmetic. For dropout the lanes of a warp exchange
//           their blocks' masks, eight bits each, so that every access of the warp is to
//           neighbours, 16 bytes per thread.
// Requires: no axis with a shared mask.
// Launch:   blocks of 256 threads, 8 elements each; a warp takes 256 elements in a row.
// Reading:  ten rounds of two 64 x 64-bit products, each four 32-bit ones, are about 25 integer
//           instructions for an element: at 8 bytes per element of float32 that is near what
//           memory leaves time for. A smaller generator would be faster and another recipe.
#include "cuda/common/packs.cuh"
#include "cuda/random/philox.cuh"
#include "cuda/random/rungs.hpp"

namespace mt::random {

namespace {

constexpr int THREADS = 256, EACH = 8;
static_assert(EACH == 8, "a block of Philox4x64 has eight lanes");

template <int WIDE, class T>
__global__ void __launch_bounds__(THREADS) k02_dropout(Arguments<T> a) {
    const long long block = blockIdx.x * (long long)THREADS + threadIdx.x;
    const int lane = threadIdx.x % 32;
    const Lanes lanes = philox(a.seed, a.offset, block);
    unsigned keep = 0;
#pragma unroll
    for (int e = 0; e < EACH; e++) keep |= unsigned(lanes[e] >= a.threshold) << e;
    const long long first = (block - lane) * EACH;  // of the warp
#pragma unroll
    for (int u = 0; u < EACH / WIDE; u++) {
        const int at = (u * 32 + lane) * WIDE;  // of the warp's 256 elements
        const unsigned mask = __shfl_sync(0xffffffffu, keep, at / EACH) >> at % EACH;
        // Arrays need not end with a pack: k02 is launched with WIDE = 1 then.
        if (first + at >= a.elements) continue;
        Pack<T, WIDE> x = load_pack<WIDE>(a.x + first + at);
#pragma unroll
        for (int e = 0; e < WIDE; e++) x.at[e] = a.dropped(x.at[e], mask >> e & 1);
        store_pack(a.y + first + at, x);
    }
}

template <RandomPass PASS, class T>
__global__ void __launch_bounds__(THREADS) k02_fill(Arguments<T> a) {
    const long long block = blockIdx.x * (long long)THREADS + threadIdx.x;
    const long long first = block * EACH;
    if (first >= a.elements) return;
    const Lanes lanes = philox(a.seed, a.offset, block);
#pragma unroll
    for (int e = 0; e < EACH; e += 2) {
        double number[2] = {uniform(lanes[e]), uniform(lanes[e + 1])};
        if constexpr (PASS != RandomPass::uniform) {
            const Pair pair = normal(lanes[e], lanes[e + 1]);
            number[0] = pair.first, number[1] = pair.second;
        }
        for (int h = 0; h < 2; h++)
            if (first + e + h < a.elements)
                a.y[first + e + h] = a.template made<PASS>(first + e + h, number[h]);
    }
}

void run(const Random& p) {
    const unsigned blocks = blocks_for(p.elements(), THREADS * EACH);
    const LaunchShape shape{"random k02_blocks", blocks, THREADS, 0, p.stream};
    by_type(p.dtype, [&](auto type) {
        by_pass(p.pass, [&](auto pass) {
            typedef decltype(type) T;
            constexpr RandomPass PASS = decltype(pass)::value;
            if constexpr (PASS == RandomPass::dropout) {
                const bool wide =
                    aligned(p.x, 16) && aligned(p.y, 16) && p.elements() % WIDEST<T> == 0;
                launch(shape, wide ? k02_dropout<WIDEST<T>, T> : k02_dropout<1, T>, typed<T>(p));
            } else {
                launch(shape, k02_fill<PASS, T>, typed<T>(p));
            }
        });
    });
}

std::string supports(const Random& p) {
    return p.shared == 1 ? "" : "every element must have a number of its own";
}

}  // namespace

const RandomRung k02_blocks = {
    {"k02_blocks", "one thread per block of eight numbers", "no axis with a shared mask"},
    supports,
    run};

}  // namespace mt::random
