// k01_naive
// Idea:     one thread per row: its maximum, its sum of exponentials, then its outputs.
// Requires: nothing.
// Launch:   blocks of 128 threads, one row each.
// Reading:  with inner > 1 (classes before pixels) neighbouring threads read neighbours, and this
// is
//           as good as it gets but for the three passes. With inner = 1 every thread walks its own
//           row: each load of a warp touches 32 sectors of memory for 32 elements.
#include "cuda/loss/rows.cuh"
#include "cuda/loss/rungs.hpp"

namespace mt::loss {

namespace {

constexpr int THREADS = 128;

template <LossPass PASS, class T>
__global__ void __launch_bounds__(THREADS) k01(Arguments<T> a) {
    const long long row = blockIdx.x * (long long)THREADS + threadIdx.x;
    if (row >= a.rows) return;
    const long long first = a.first(row);
    Sum<T> most = -Sum<T>(INFINITY), total = 0;
    for (long long c = 0; c < a.classes; c++) {
        const Sum<T> x = Sum<T>(a.x[first + c * a.inner]);
        if (!(x <= most) && most == most) most = x;  // a NaN stays
    }
    for (long long c = 0; c < a.classes; c++)
        total += exponential(Sum<T>(a.x[first + c * a.inner]) - most);
    const Row<PASS, T> done(a, row, most, total);
    if constexpr (PASS == LossPass::entropy) {
        a.y[row] = done.loss(a, first);
    } else {
        for (long long c = 0; c < a.classes; c++)
            a.y[first + c * a.inner] = done.element(a.x[first + c * a.inner], c);
    }
}

void run(const Loss& p) {
    by_type(p.dtype, [&](auto type) {
        by_pass(p.pass, [&](auto pass) {
            typedef decltype(type) T;
            launch(
                LaunchShape{"loss k01_naive", blocks_for(p.rows(), THREADS), THREADS, 0, p.stream},
                k01<decltype(pass)::value, T>, typed<T>(p));
        });
    });
}

std::string supports(const Loss&) {
    return "";
}

}  // namespace

const LossRung k01_naive = {{"k01_naive", "one thread per row", ""}, supports, run};

}  // namespace mt::loss
