// All probes. Nothing else lists them.
#include "cuda/probe/probes.hpp"

namespace mt {

ProbeTable probe_table() {
    static const ProbeRow rows[] = {
        probe::warp,
        probe::overlapping_masks,
        probe::named_barriers,
        probe::mbarriers,
        probe::copy_async,
        probe::cluster_read,
        probe::cluster_write,
        probe::cluster_leave,
        probe::load_matrix,
        probe::load_matrix_transposed,
        probe::store_matrix,
        probe::store_matrix_transposed,
        probe::mma_f16,
        probe::mma_bf16,
        probe::mma_tf32,
        probe::mma_f64,
        probe::wmma_f16,
        probe::wmma_bf16,
        probe::wmma_tf32,
        probe::wmma_f64,
        probe::tensor_load,
        probe::tensor_load_im2col,
        probe::tensor_load_multicast,
        probe::tensor_store,
        probe::wgmma_f16,
        probe::wgmma_bf16,
        probe::wgmma_tf32,
        probe::wgmma_sizes,
#ifdef MT_EMULATE
        probe::misuse,
#endif
    };
    return {rows, sizeof rows / sizeof *rows};
}

}  // namespace mt
