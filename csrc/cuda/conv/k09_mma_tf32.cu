// k09_mma_tf32
// Idea:     float32 rounded to TF32's 11 bits: one product instead of three.
// Changed since k08: PASSES is 1, and with it the accuracy: each product errs by up to 2^-10 of
//           itself (Precision::tf32).
// Requires: float32; compute capability 8.0; workspaces as k08.
// Launch:   as k08, with two blocks a multiprocessor.
// Reading:  a slice brings a third of k08's products for the same copies.
#include "cuda/conv/mma_tile.cuh"
#include "cuda/conv/rungs.hpp"

namespace mt::conv {

namespace {

std::string only_float32(const Conv& p) {
    return p.dtype != Dtype::float32 ? "TF32 is float32 with fewer bits" : tensor_cores(p);
}

void fwd(const Conv& p) {
    correlate_mma<1>("conv k09_mma_tf32", forward<float>(p), p);
}
void dgrad(const Conv& p) {
    each_class<float>(p, [&](auto c) { correlate_mma<1>("conv k09_mma_tf32", c, p); });
}
void wgrad(const Conv& p) {
    filter_gradient_mma<1>("conv k09_mma_tf32 wgrad", forward<float>(p), p);
}

}  // namespace

const ConvRung k09_mma_tf32 = {{"k09_mma_tf32", "tensor cores, float32 rounded to 11 bits",
                                "float32, compute capability 8.0", Precision::tf32},
                               {only_float32, fwd_pack, fwd},
                               {only_float32, dgrad_pack, dgrad},
                               {only_float32, parts_workspace, wgrad}};

}  // namespace mt::conv
