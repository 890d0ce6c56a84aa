// All probes. Nothing else lists them.
#include "cuda/probe/probes.hpp"

namespace mt {

ProbeTable probe_table() {
    static const ProbeRow rows[] = {
        probe::mma_f16,     probe::mma_bf16,
        probe::mma_tf32,    probe::mma_f64,
        probe::wmma_f16,    probe::wmma_bf16,
        probe::wmma_tf32,   probe::wmma_f64,
        probe::load_matrix, probe::load_matrix_transposed,
    };
    return {rows, sizeof rows / sizeof *rows};
}

}  // namespace mt
