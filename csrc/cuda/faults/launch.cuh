// How the kernels with planted faults are launched: as they should be, or broken.
#pragma once

#include "cuda/common/cuda.cuh"
#include "cuda/faults/faults.hpp"

namespace mt::faults {

typedef void (*Kernel)(const float* x, float* y, long long n);

inline void run(const char* name, const Problem& p, Kernel right, Kernel broken, unsigned blocks,
                int threads = TILE) {
    LaunchShape shape{name, dim3(blocks), dim3(threads)};
    launch(shape, p.broken ? broken : right, p.x, p.y, p.n);
}

}  // namespace mt::faults
