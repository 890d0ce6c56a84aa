// Dropout and noise, rung 2: the generator first, then vectors.
//
// Idea      The generator is made of wide integer products, which vectors have not; all the rest is
//           the same for each element. So numbers wait in a buffer, where vectors find them.
// Changed   Each block is computed once; noise has the logarithm of vmath.hpp and, of `circle`, its
//           sine and cosine; ranges of blocks are shared among threads.
// Requires  Nothing.
// Launch    Tasks of 2,048 blocks, 16,384 numbers; less where many elements share a number.
// Reading   run, drop; then disturb.
#include <algorithm>

#include "common/parallel.hpp"
#include "common/vmath.hpp"
#include "cpu/random/philox.hpp"
#include "cpu/random/rungs.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long BUFFER = 512;  // lanes
using Doubles = Vector<double>;
constexpr long WIDE = Simd<double>::LANES;

// Elements `at` to at + count - 1, each with a lane of its own.
template <class T>
void drop(const Random<T>& d, const std::uint32_t* lanes, long at, long count) {
    const T divisor = static_cast<T>(d.divisor), one = d.threshold >> 32 ? 0 : 1;
    const auto threshold = static_cast<std::uint32_t>(d.threshold);
    const T* __restrict x = d.x + at;
    T* __restrict y = d.y + at;
    for (long i = 0; i < count; i++) y[i] = x[i] / divisor * (lanes[i] >= threshold ? one : T(0));
}

// Every element of the numbers `number` to number + count - 1, which d.shared elements have each.
template <class T>
void drop_shared(const Random<T>& d, const std::uint32_t* lanes, long number, long count) {
    for (long i = 0; i < count; i++, number++) {
        const long first = number / d.after * d.shared * d.after + number % d.after;
        for (long s = 0; s < d.shared; s++) {
            const long at = first + s * d.after;
            d.y[at] = dropped(d, d.x[at], lanes[i]);
        }
    }
}

// Cosine and sine of 2 pi v, for 0 < v < 1: of the rest to the nearest quarter of the circle, by
// their series, whose next terms are below 5e-17; then turned by that many quarters.
inline void circle(Doubles v, Doubles& cosine, Doubles& sine) {
    static constexpr double COS[] = {1.0,
                                     -1 / 2.0,
                                     1 / 24.0,
                                     -1 / 720.0,
                                     1 / 40320.0,
                                     -1 / 3628800.0,
                                     1 / 479001600.0,
                                     -1 / 87178291200.0,
                                     1 / 20922789888000.0};
    static constexpr double SIN[] = {
        1.0,          -1 / 6.0,        1 / 120.0,        -1 / 5040.0,
        1 / 362880.0, -1 / 39916800.0, 1 / 6227020800.0, -1 / 1307674368000.0};
    constexpr double ROUND = MathConstants<double>::ROUND;
    const Doubles shifted = v * 4.0 + ROUND, quarters = shifted - ROUND;
    const Doubles r = (v * 4.0 - quarters) * 1.5707963267948966, z = r * r;
    const Doubles c = polynomial<double>(z, COS), s = r * polynomial<double>(z, SIN);
    const auto turned = (quarters == 1.0) | (quarters == 3.0);
    const auto left = (quarters == 1.0) | (quarters == 2.0);
    const auto below = (quarters == 2.0) | (quarters == 3.0);
    cosine = turned ? s : c, sine = turned ? c : s;
    cosine = left ? -cosine : cosine, sine = below ? -sine : sine;
}

template <class T>
void disturb(const Random<T>& d, const std::uint32_t* lanes, long at, long count) {
    double radius[BUFFER / 2], angle[BUFFER / 2];
    const long pairs = (count + 1) / 2;
    for (long j = 0; j < pairs; j++) {
        radius[j] = philox_uniform(lanes[2 * j]);
        angle[j] = philox_uniform(lanes[2 * j + 1]);
    }
    for (long j = pairs; j % WIDE; j++) radius[j] = angle[j] = 0.5;
    for (long j = 0; j < pairs; j += WIDE) {
        Doubles size = vlog<double>(load(radius + j)) * -2.0, cosine, sine;
        for (long i = 0; i < WIDE; i++) size[i] = std::sqrt(size[i]);
        circle(load(angle + j), cosine, sine);
        store<double>(radius + j, size * cosine), store<double>(angle + j, size * sine);
    }
    for (long i = 0; i < count; i++)
        d.y[at + i] = noisy(d, d.x[at + i], i % 2 ? angle[i / 2] : radius[i / 2]);
}

template <class T>
void run(const Random<T>& d, int threads) {
    auto part = d.pass == RandomPass::noise ? disturb<T> : d.shared == 1 ? drop<T> : drop_shared<T>;
    const long numbers = d.before * d.after, blocks = (numbers + 7) / 8;
    const long per = std::max(1L, 2048 / std::max(1L, d.shared));
    parallel_for((blocks + per - 1) / per, threads, [&](long task, int) {
        std::uint32_t lanes[BUFFER];
        const long end = std::min(blocks, (task + 1) * per);
        for (long b = task * per, some; b < end; b += some) {
            some = std::min(end - b, BUFFER / 8);
            for (long i = 0; i < some; i++) {
                const PhiloxBlock block = philox(d.seed, d.offset, b + i);
                for (long k = 0; k < 8; k++) lanes[8 * i + k] = block[k];
            }
            part(d, lanes, b * 8, std::min(some * 8, numbers - b * 8));
        }
    });
}

}  // namespace

template <class T>
RandomKernels<T> random_k02_blocks() {
    return {run<T>};
}

template RandomKernels<float> random_k02_blocks<float>();
template RandomKernels<double> random_k02_blocks<double>();

}  // namespace mt::MT_ISA
