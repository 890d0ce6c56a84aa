// k02_blocks
// Idea:     one block per row, maximum and total in one pass over it.
// Changed since k01_naive: 256 threads share a row, in accesses of 16 bytes. Each keeps the largest
//           element it has met and the sum of exponentials below it, which it scales when a larger
//           one comes (Milakov, Gimelshein: Online normalizer calculation for softmax, 2018); so x
//           is read twice, not three times, and the second time mostly from the caches.
// Requires: classes side by side in memory (inner = 1).
// Launch:   one block of 256 threads per row.
// Reading:  a thread of a row with 10 classes has nothing to do: k03_warps is for those.
#include "cuda/common/packs.cuh"
#include "cuda/common/reduce.cuh"
#include "cuda/loss/rows.cuh"
#include "cuda/loss/rungs.hpp"

namespace mt::loss {

namespace {

constexpr int THREADS = 256;

// The largest element met, and the sum of e^(x - most) over all that are not -inf.
template <class S>
struct Online {
    S most = -S(INFINITY), total = 0;

    __device__ __forceinline__ void see(S x) {
        if (x == -S(INFINITY)) return;
        if (!(x <= most)) {  // larger, or NaN, which makes total NaN for good
            total = total == S(0) ? S(1) + (x - x) : total * exponential(most - x) + S(1);
            most = x;
        } else {
            total += exponential(x - most);
        }
    }
};

template <LossPass PASS, int WIDE, class T>
__global__ void __launch_bounds__(THREADS) k02(Arguments<T> a) {
    const long long row = blockIdx.x, first = row * a.classes;
    const int packs = int(a.classes / WIDE);
    Online<Sum<T>> mine;
    for (int j = threadIdx.x; j < packs; j += THREADS) {
        const Pack<T, WIDE> x = load_pack<WIDE>(a.x + first + (long long)j * WIDE);
#pragma unroll
        for (int e = 0; e < WIDE; e++) mine.see(Sum<T>(x.at[e]));
    }
    const Sum<T> most = block_max<THREADS>(mine.most);
    const Sum<T> scaled =
        mine.total == Sum<T>(0) ? Sum<T>(0) : mine.total * exponential(mine.most - most);
    // most - most: an infinite maximum makes the row NaN.
    const Sum<T> total = block_sum<THREADS>(scaled) + (most - most);
    const Row<PASS, T> done(a, row, most, total);
    if constexpr (PASS == LossPass::entropy) {
        if (threadIdx.x == 0) a.y[row] = done.loss(a, first);
    } else {
        for (int j = threadIdx.x; j < packs; j += THREADS) {
            Pack<T, WIDE> x = load_pack<WIDE>(a.x + first + (long long)j * WIDE);
#pragma unroll
            for (int e = 0; e < WIDE; e++) x.at[e] = done.element(x.at[e], (long long)j * WIDE + e);
            store_pack(a.y + first + (long long)j * WIDE, x);
        }
    }
}

void run(const Loss& p) {
    const bool wide = p.classes * (long long)size_of(p.dtype) % 16 == 0 && aligned(p.x, 16) &&
                      (p.pass == LossPass::entropy || aligned(p.y, 16));
    by_type(p.dtype, [&](auto type) {
        by_pass(p.pass, [&](auto pass) {
            typedef decltype(type) T;
            constexpr LossPass PASS = decltype(pass)::value;
            launch(LaunchShape{"loss k02_blocks", unsigned(p.rows()), THREADS, 0, p.stream},
                   wide ? k02<PASS, WIDEST<T>, T> : k02<PASS, 1, T>, typed<T>(p));
        });
    });
}

std::string supports(const Loss& p) {
    if (p.inner != 1) return "the classes must lie side by side";
    return p.rows() <= 0x7fffffff ? "" : "it has a block per row, fewer than 2^31";
}

}  // namespace

const LossRung k02_blocks = {
    {"k02_blocks", "one block per row, maximum and total in one pass", "classes side by side"},
    supports,
    run};

}  // namespace mt::loss
