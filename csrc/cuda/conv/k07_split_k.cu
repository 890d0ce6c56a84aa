// k07_split_k
// Idea:     cut the long sums of wgrad into runs of places that blocks of their own add up, and add
//           the runs' sums by a second kernel.
// Changed since k04: dw has few elements, each a sum over all places of all images, so k04 has few
//           blocks: LeNet's first layer has one. Here there are two for each multiprocessor.
// Requires: float32 or float64; compute capability 8.0; a workspace of dw's size for each run.
// Launch:   as k04's wgrad, with runs x groups along z; see wgrad_parts.cuh.
// Reading:  the second kernel adds the runs in their order, where atomic adds would be done in
//           another order each time: the result is the same bit for bit from run to run. How many
//           runs there are, and so the last bits, depends on the number of multiprocessors.
#include "cuda/conv/rungs.hpp"
#include "cuda/conv/wgrad_parts.cuh"

namespace mt::conv {

namespace {

void wgrad(const Conv& p) {
    run_fwd(p, [&](auto c) { filter_gradient("conv k07_split_k", c, p, parts_for(c)); });
}

std::string only_wgrad(const Conv&) {
    return "it is for wgrad, whose sums are long";
}

}  // namespace

const ConvRung k07_split_k = {{"k07_split_k", "runs of wgrad's long sums, added in their order",
                               "wgrad; float32 or float64, compute capability 8.0"},
                              {only_wgrad, no_workspace, nullptr},
                              {only_wgrad, no_workspace, nullptr},
                              {wide_types, parts_workspace, wgrad}};

}  // namespace mt::conv
