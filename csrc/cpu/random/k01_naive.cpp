// Dropout and noise, rung 1: the definition.
//
// Idea      Each element computes the whole block that its lane is in.
// Changed   Nothing, this is the ground.
// Requires  Nothing.
// Launch    One thread.
// Reading   philox.hpp. Eight elements compute the same block: rung 2 does it once.
#include "cpu/random/philox.hpp"
#include "cpu/random/rungs.hpp"

namespace mt::MT_ISA {
namespace {

template <class T>
void run(const Random<T>& d, int) {
    for (long i = 0; i < d.before * d.shared * d.after; i++) {
        const long number = i / (d.shared * d.after) * d.after + i % d.after;
        const long lane = number % 8, even = lane / 2 * 2;
        const PhiloxBlock lanes = philox(d.seed, d.offset, number / 8);
        if (d.pass == RandomPass::dropout) {
            d.y[i] = dropped(d, d.x[i], lanes[lane]);
        } else {
            const NormalPair pair = philox_normal(lanes[even], lanes[even + 1]);
            d.y[i] = noisy(d, d.x[i], lane == even ? pair.first : pair.second);
        }
    }
}

}  // namespace

template <class T>
RandomKernels<T> random_k01_naive() {
    return {run<T>};
}

template RandomKernels<float> random_k01_naive<float>();
template RandomKernels<double> random_k01_naive<double>();

}  // namespace mt::MT_ISA
