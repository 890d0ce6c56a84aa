// What each file of probes offers to the table.
#pragma once

#include "cuda/probe/probe.hpp"

namespace mt::probe {

extern const ProbeRow warp, overlapping_masks;                         // warp.cu
extern const ProbeRow named_barriers, mbarriers, copy_async;           // block.cu
extern const ProbeRow cluster_read, cluster_write, cluster_leave;      // cluster.cu
extern const ProbeRow load_matrix, load_matrix_transposed;             // ldmatrix.cu
extern const ProbeRow store_matrix, store_matrix_transposed;           // ldmatrix.cu
extern const ProbeRow mma_f16, mma_bf16, mma_tf32, mma_f64;            // mma.cu
extern const ProbeRow wmma_f16, wmma_bf16, wmma_tf32, wmma_f64;        // wmma.cu
extern const ProbeRow tensor_load, tensor_load_im2col, tensor_store;   // tma.cu
extern const ProbeRow tensor_load_multicast;                           // multicast.cu
extern const ProbeRow wgmma_f16, wgmma_bf16, wgmma_tf32, wgmma_sizes;  // wgmma.cu

#ifdef MT_EMULATE
extern const ProbeRow misuse;  // misuse.cu
#endif

}  // namespace mt::probe
