// k10_wgmma
// Idea:     Hopper's way. One thread tells the copy engine (TMA) to bring what 128 places see at a
//           tap: its im2col mode knows strides, dilation, padding and the ends of images. wgmma
//           multiplies straight from shared memory, 64 x 256 x 16 an instruction.
// Changed since k08: no thread computes an address of x, or copies, or loads fragments; the
//           copying thread and two multiplying warpgroups meet at the ring's mbarriers only, so no
//           __syncthreads holds up the products; blocks go from tile to tile, and the copies of the
//           next are under way while the sums of one are stored. wgrad reads its operands as they
//           lie, places by channels: wgmma transposes both.
// Requires: float16 or bfloat16; channels last in x (dgrad: dy; wgrad: both), a multiple of 8 of
//           them, arrays and strides aligned to 16 bytes; one group; strides up to 8; padding and
//           windows within the engine's limits, 128 and 256 wide for images; compute capability
//           9.0; a workspace for the filters, or for the parts of wgrad.
// Launch:   tiles of 128 places x 64, 128 or 256 filters (wgrad: 128 terms), slabs 64 deep. Up to
//           128 filters: 288 threads, 4 stages of 24 KB or 3 of 32 KB, two blocks a multiprocessor;
//           256: 384 threads, 4 stages of 48 KB, one block.
// Reading:  a slab is 64 channels of one tap: with fewer the rest are zeros, and the products in
//           vain. dgrad with a stride runs once for each residue class of correlation.cuh, each of
//           stride 1; a class that no tap sees is set to 0.
#include "cuda/conv/rungs.hpp"
#include "cuda/conv/wgmma_wgrad.cuh"

namespace mt::conv {

namespace {

template <class T, int BN>
__global__ void __launch_bounds__(WgmmaShape<T, BN>::THREADS, WgmmaShape<T, BN>::BLOCKS)
    k10(Correlation<T> c, const __grid_constant__ CorrelationMaps maps, unsigned tiles,
        unsigned columns) {
    typedef CorrelationTile<T, BN> Tile;
    MT_DYNAMIC_SHARED(typename Tile::Ring, ring);
    WgmmaShape<T, BN>::run(*ring, tiles,
                           [&](unsigned index) { return Tile(c, maps, index, columns); });
}

template <class T, int BN>
__global__ void __launch_bounds__(WgmmaShape<T, BN>::THREADS, WgmmaShape<T, BN>::BLOCKS)
    k10_wgrad(Correlation<T> c, Parts<T> parts, const __grid_constant__ WgradMaps maps,
              unsigned tiles, unsigned columns) {
    typedef WgradWgmmaTile<T, BN> Tile;
    MT_DYNAMIC_SHARED(typename Tile::Ring, ring);
    WgmmaShape<T, BN>::run(*ring, tiles * parts.parts, [&](unsigned index) {
        return Tile(c, parts, maps, index, tiles, columns);
    });
}

template <class T>
void correlate(const Conv& p, const Correlation<T>& c) {
    correlate_wgmma(p, c, [&](auto width, const auto& maps, unsigned tiles, unsigned columns) {
        typedef WgmmaShape<T, width> Shape;
        LaunchShape shape{"conv k10_wgmma", Shape::grid(tiles), dim3(Shape::THREADS),
                          sizeof(typename Shape::template Ring<true>), p.stream};
        launch(shape, k10<T, width>, c, maps, tiles, columns);
    });
}

template <class T>
void filter_gradient(const Conv& p, const Correlation<T>& c) {
    const char* name = "conv k10_wgmma wgrad";
    filter_gradient_wgmma(
        name, p, c, [&](auto width, const auto& maps, const auto& parts, const WgradGrid& grid) {
            typedef WgmmaShape<T, width> Shape;
            LaunchShape shape{name, Shape::grid(grid.tiles * grid.parts), dim3(Shape::THREADS),
                              sizeof(typename Shape::template Ring<false>), p.stream};
            launch(shape, k10_wgrad<T, width>, c, parts, maps, grid.tiles, grid.columns);
        });
}

// Returns go(T()) for 16-bit arrays.
template <class Go>
auto by_type16(const Conv& p, Go go) {
    return p.dtype == Dtype::float16 ? go(float16()) : go(bfloat16());
}

void fwd(const Conv& p) {
    by_type16(p, [&](auto type) { correlate(p, forward<decltype(type)>(p)); });
}
void dgrad(const Conv& p) {
    by_type16(p, [&](auto type) {
        each_class<decltype(type)>(p, [&](const auto& c) { correlate(p, c); });
    });
}
void wgrad(const Conv& p) {
    by_type16(p, [&](auto type) { filter_gradient(p, forward<decltype(type)>(p)); });
}
std::size_t parts_of_wgrad(const Conv& p) {
    return wgmma_parts_workspace<float16>(p);
}

// 16-bit types lie alike, so one stands for both.
template <std::string (*UNFIT)(const Conv&)>
std::string supports(const Conv& p) {
    return size_of(p.dtype) == 2 ? UNFIT(p) : "this rung is for float16 and bfloat16";
}

}  // namespace

const ConvRung k10_wgmma = {
    {"k10_wgmma", "the copy engine's im2col and a warpgroup's products",
     "float16 or bfloat16, channels last, aligned to 16 bytes, one group, compute capability 9.0"},
    {supports<fwd_unfit<float16>>, fwd_pack, fwd},
    {supports<dgrad_unfit<float16>>, dgrad_pack, dgrad},
    {supports<wgrad_unfit<float16>>, parts_of_wgrad, wgrad}};

}  // namespace mt::conv
