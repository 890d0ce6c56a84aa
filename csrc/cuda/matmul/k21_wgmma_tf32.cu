// k21_wgmma_tf32
// Idea:     float32 arrays by wgmma, which reads the upper 19 bits of a float as TF32.
// Changed since k19_persistent: the type. wgmma transposes 16-bit operands only, so both must be
//           contiguous along k. Nothing rounds on the way from memory: an operand is cut off to 10
//           bits of mantissa, an error of up to 2^-10 where k14_mma_tf32 has 2^-11.
// Requires: float32; operands contiguous along k and aligned to 16 bytes; compute capability 9.0.
// Launch:   384 threads; tiles of 128 x 256, slabs 32 deep, 4 stages, 193 KB.
// Reading:  common/hopper.cuh has the kernel's loop.
#include "cuda/matmul/persistent.cuh"
#include "cuda/matmul/rungs.hpp"

namespace mt::matmul {

namespace {

typedef Persistent<float, true, true> Loop;

__global__ void __launch_bounds__(Loop::THREADS, 1)
    k21(Arguments<float> p, const __grid_constant__ Maps maps, unsigned tiles) {
    MT_DYNAMIC_SHARED(Loop::Ring, ring);
    Loop::run(p, maps, tiles, *ring);
}

void run(const Matmul& p) {
    const unsigned tiles = grid_of_tiles(p, Loop::BM, Loop::BN).x;
    LaunchShape shape{"matmul k21_wgmma_tf32", persistent_grid(tiles), dim3(Loop::THREADS),
                      sizeof(Loop::Ring), p.stream};
    launch(shape, k21, typed<float>(p), maps_of(p, Loop::BM, Loop::BN), tiles);
}

}  // namespace

const MatmulRung k21_wgmma_tf32 = {
    {"k21_wgmma_tf32", "float32 cut off to TF32, a warpgroup at a time",
     "float32; operands contiguous along k and aligned to 16 bytes; compute capability 9.0",
     Precision::tf32},
    supports_wgmma_tf32,
    no_workspace,
    run};

}  // namespace mt::matmul
