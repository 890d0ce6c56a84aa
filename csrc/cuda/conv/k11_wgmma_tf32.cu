// k11_wgmma_tf32
// Idea:     float32 arrays by wgmma, which reads the upper 19 bits of a float as TF32.
// Changed since k10: the type. Nothing rounds on the way from memory: an operand is cut off to 10
//           bits of mantissa, an error of up to 2^-10 where k09 has 2^-11.
// Requires: float32; fwd and dgrad, as wgmma takes TF32 only where it is contiguous along the sum,
//           and wgrad's operands are so along channels; channels last in x (dgrad: dy), a multiple
//           of 4 of them; else as k10.
// Launch:   as k10, with slabs 32 deep.
// Reading:  wgmma_tile.cuh has the kernel.
#include "cuda/conv/rungs.hpp"
#include "cuda/conv/wgmma_tile.cuh"

namespace mt::conv {

namespace {

template <int BN>
__global__ void __launch_bounds__(WgmmaShape<float, BN>::THREADS, WgmmaShape<float, BN>::BLOCKS)
    k11(Correlation<float> c, const __grid_constant__ CorrelationMaps maps, unsigned tiles,
        unsigned columns) {
    typedef CorrelationTile<float, BN> Tile;
    MT_DYNAMIC_SHARED(typename Tile::Ring, ring);
    WgmmaShape<float, BN>::run(*ring, tiles,
                               [&](unsigned index) { return Tile(c, maps, index, columns); });
}

void correlate(const Conv& p, const Correlation<float>& c) {
    correlate_wgmma(p, c, [&](auto width, const auto& maps, unsigned tiles, unsigned columns) {
        typedef WgmmaShape<float, width> Shape;
        LaunchShape shape{"conv k11_wgmma_tf32", Shape::grid(tiles), dim3(Shape::THREADS),
                          sizeof(typename Shape::template Ring<true>), p.stream};
        launch(shape, k11<width>, c, maps, tiles, columns);
    });
}

void fwd(const Conv& p) {
    correlate(p, forward<float>(p));
}
void dgrad(const Conv& p) {
    each_class<float>(p, [&](const auto& c) { correlate(p, c); });
}

template <std::string (*UNFIT)(const Conv&)>
std::string supports(const Conv& p) {
    return p.dtype == Dtype::float32 ? UNFIT(p) : "TF32 is float32 with fewer bits";
}
std::string no_wgrad(const Conv&) {
    return "wgmma takes TF32 only where it is contiguous along the sum, which here are the places; "
           "see k09_mma_tf32";
}

}  // namespace

const ConvRung k11_wgmma_tf32 = {
    {"k11_wgmma_tf32", "float32 cut off to TF32, a warpgroup at a time",
     "fwd, dgrad; float32, channels last, aligned to 16 bytes, one group, compute capability 9.0",
     Precision::tf32},
    {supports<fwd_unfit<float>>, fwd_pack, fwd},
    {supports<dgrad_unfit<float>>, dgrad_pack, dgrad},
    {no_wgrad, no_workspace, nullptr}};

}  // namespace mt::conv
