// Update steps, rung 2: shared among threads.
//
// Idea      One core cannot use all of the memory's speed, and a step does nothing but wait for it.
// Changed   Large parameters are cut into ranges.
// Requires  Nothing.
// Launch    Tasks of 65,536 elements; a smaller parameter wakes no thread.
// Reading   step.
#include <algorithm>

#include "common/parallel.hpp"
#include "cpu/update/rungs.hpp"

namespace mt::MT_ISA {
namespace {

template <class T>
void step(const Update<T>& u, int threads) {
    constexpr long RANGE = 65536;
    auto range = update_range_of<T>(u.rule);
    parallel_for((u.elements + RANGE - 1) / RANGE, threads, [&](long task, int) {
        range(u, task * RANGE, std::min(u.elements, (task + 1) * RANGE));
    });
}

}  // namespace

template <class T>
UpdateKernels<T> update_k02_shared() {
    return {step<T>};
}

template UpdateKernels<float> update_k02_shared<float>();
template UpdateKernels<double> update_k02_shared<double>();

}  // namespace mt::MT_ISA
