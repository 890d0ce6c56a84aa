// The rungs of matmul, from the ground up. Nothing else lists them.
#include "cuda/matmul/rungs.hpp"

namespace mt {

MatmulTable matmul_table() {
    using namespace matmul;
    static const MatmulRung rungs[] = {
        k01_naive,          k02_coalesced,        k03_smem_tiled, k04_thread_tile_1d,
        k05_thread_tile_2d, k06_vectorised,       k07_warp_tiled, k08_multistage,
        k09_split_k,        k10_skinny,           k11_wmma,       k12_mma,
        k13_mma_f64,        k14_mma_tf32,         k15_mma_3xtf32, k16_stream_k,
        k17_wgmma,          k18_warp_specialised, k19_persistent, k20_cluster,
        k21_wgmma_tf32,     k22_wgmma_3xtf32,
    };
    return {rungs, sizeof rungs / sizeof *rungs};
}

}  // namespace mt
