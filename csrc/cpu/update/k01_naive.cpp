// Update steps, rung 1: the definition.
//
// Idea      One loop over the elements, whatever the rule remembers.
// Changed   Nothing, this is the ground.
// Requires  Nothing.
// Launch    One thread.
// Reading   update.hpp, then update_range in rungs.hpp.
#include "cpu/update/rungs.hpp"

namespace mt::MT_ISA {

template <class T>
UpdateKernels<T> update_k01_naive() {
    return {[](const Update<T>& u, int) { update_range_of<T>(u.rule)(u, 0, u.elements); }};
}

template UpdateKernels<float> update_k01_naive<float>();
template UpdateKernels<double> update_k01_naive<double>();

}  // namespace mt::MT_ISA
