// What each file of probes offers to the table.
#pragma once

#include "cuda/probe/probe.hpp"

namespace mt::probe {

extern const ProbeRow mma_f16, mma_bf16, mma_tf32, mma_f64;
extern const ProbeRow wmma_f16, wmma_bf16, wmma_tf32, wmma_f64;
extern const ProbeRow load_matrix, load_matrix_transposed;

}  // namespace mt::probe
