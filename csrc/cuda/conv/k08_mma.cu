// k08_mma
// Idea:     the tensor cores multiply the slices: mma.sync, a 16 x 8 fragment of sums a time.
// Changed since k04: what happens to a slice once it is there, and nothing else on its way. float32
//           goes as three products of numbers of 11 bits, as accurate as multiply-adds. wgrad's
//           sums are split as in k07.
// Requires: compute capability 8.0; a workspace for the filters, or for the parts of wgrad.
// Launch:   256 threads; fwd and dgrad: 128 places x 128 filters (64 in float64, 32 where a group
//           has no more), a warp 64 x 32 (32 x 32, 16 x 32); wgrad: 64 filters x 128 terms, a warp
//           32 x 32. Two blocks a multiprocessor; one with three passes and in float64, whose sums
//           take more than 128 registers a thread.
// Reading:  a warp's 64 x 32 sums read 96 rows for 64 x 32 products of 32 bytes; in k04 a warp's
// 128
//           x 16 read 144. 16-bit elements with channels first can't be copied by cp.async: they go
//           through registers, where only the other warps hide their way. mma.sync is half as fast
//           as Hopper's wgmma can be, by the makers' figures (unmeasured here).
#include "cuda/conv/mma_tile.cuh"
#include "cuda/conv/rungs.hpp"

namespace mt::conv {

namespace {

void fwd(const Conv& p) {
    run_fwd(p, [&](auto c) { correlate_mma<3>("conv k08_mma", c, p); });
}
void dgrad(const Conv& p) {
    run_dgrad(p, [&](auto c) { correlate_mma<3>("conv k08_mma", c, p); });
}
void wgrad(const Conv& p) {
    run_fwd(p, [&](auto c) { filter_gradient_mma<3>("conv k08_mma wgrad", c, p); });
}

}  // namespace

const ConvRung k08_mma = {
    {"k08_mma", "tensor cores; float32 by three products of its halves", "compute capability 8.0"},
    {tensor_cores, fwd_pack, fwd},
    {tensor_cores, dgrad_pack, dgrad},
    {tensor_cores, parts_workspace, wgrad}};

}  // namespace mt::conv
