// k03_warps
// Idea:     one warp per row, which it keeps in registers.
// Changed since k02_blocks: a row is read once, the lanes exchange by shuffles, and no barrier
// makes
//           anyone wait for another row; eight rows share a block.
// Requires: classes side by side in memory (inner = 1), at most 1024 of them (512 of float64).
// Launch:   blocks of 8 warps; lane l has the classes l, l + 32, ...: every load of a warp is to
//           neighbours, and all of a row's loads are under way together.
// Reading:  the number of classes per lane is a template parameter (1, 4, 32; 16), or the row would
// not
//           stay in registers: these have no addresses. Idle elements are -inf, which adds 0.
#include "cuda/common/reduce.cuh"
#include "cuda/loss/rows.cuh"
#include "cuda/loss/rungs.hpp"

namespace mt::loss {

namespace {

constexpr int WARPS = 8;

// Classes per lane at most: what 255 registers hold without spilling.
constexpr int most_each(std::size_t itemsize) {
    return itemsize == 8 ? 16 : 32;
}

template <LossPass PASS, int EACH, class T>
__global__ void __launch_bounds__(WARPS * 32) k03(Arguments<T> a) {
    const long long row = blockIdx.x * (long long)WARPS + threadIdx.x / 32;
    if (row >= a.rows) return;  // a whole warp
    const int lane = threadIdx.x % 32;
    const long long first = row * a.classes;
    const T nothing = T(-INFINITY);
    T x[EACH];
#pragma unroll
    for (int e = 0; e < EACH; e++)
        x[e] = lane + 32 * e < a.classes ? a.x[first + lane + 32 * e] : nothing;
    Sum<T> most = Sum<T>(x[0]);
#pragma unroll
    for (int e = 1; e < EACH; e++)
        if (!(Sum<T>(x[e]) <= most) && most == most) most = Sum<T>(x[e]);
    most = warp_max(most);
    Sum<T> total = 0;
#pragma unroll
    for (int e = 0; e < EACH; e++) total += exponential(Sum<T>(x[e]) - most);
    const Row<PASS, T> done(a, row, most, warp_sum(total));
    if constexpr (PASS == LossPass::entropy) {
        if (lane == 0) a.y[row] = done.loss(a, first);
    } else {
#pragma unroll
        for (int e = 0; e < EACH; e++)
            if (lane + 32 * e < a.classes)
                a.y[first + lane + 32 * e] = done.element(x[e], lane + 32 * e);
    }
}

template <int WANTED>
void launch_each(const Loss& p) {
    by_type(p.dtype, [&](auto type) {
        by_pass(p.pass, [&](auto pass) {
            typedef decltype(type) T;
            constexpr int EACH = WANTED > 0 ? WANTED : most_each(sizeof(T));
            launch(
                LaunchShape{"loss k03_warps", blocks_for(p.rows(), WARPS), WARPS * 32, 0, p.stream},
                k03<decltype(pass)::value, EACH, T>, typed<T>(p));
        });
    });
}

void run(const Loss& p) {
    if (p.classes <= 32)
        launch_each<1>(p);
    else if (p.classes <= 4 * 32)
        launch_each<4>(p);
    else
        launch_each<0>(p);
}

std::string supports(const Loss& p) {
    if (p.inner != 1) return "the classes must lie side by side";
    const int most = 32 * most_each(size_of(p.dtype));
    return p.classes <= most ? "" : "it has at most " + std::to_string(most) + " classes";
}

}  // namespace

const LossRung k03_warps = {{"k03_warps", "one warp per row, which stays in registers",
                             "at most 1024 (float64: 512) classes, side by side"},
                            supports,
                            run};

}  // namespace mt::loss
