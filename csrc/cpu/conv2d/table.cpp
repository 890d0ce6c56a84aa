// The rungs of convolution, from the ground up. Nothing else lists them.
#include "cpu/conv2d/rungs.hpp"

namespace mt::MT_ISA {

template <class T>
Conv2dKernels<T> conv2d_k03_packed() {
    Conv2dKernels<T> kernels;
    add_k03_packed_fwd(kernels);
    add_k03_packed_dgrad(kernels);
    add_k03_packed_wgrad(kernels);
    return kernels;
}

template <class T>
Conv2dKernels<T> conv2d_k04_winograd() {
    Conv2dKernels<T> kernels;
    add_k04_winograd_fwd(kernels);
    add_k04_winograd_wgrad(kernels);
    return kernels;
}

template <class T>
Conv2dKernels<T> conv2d_k05_depthwise() {
    Conv2dKernels<T> kernels;
    add_k05_depthwise_fwd(kernels);
    add_k05_depthwise_dgrad(kernels);
    return kernels;
}

template <class T>
Conv2dKernels<T> conv2d_k07_phases() {
    Conv2dKernels<T> kernels;
    add_k07_phases_fwd(kernels);
    add_k07_phases_wgrad(kernels);
    return kernels;
}

namespace {

bool every(const Conv2d&) {
    return true;
}

bool fits_winograd(const Conv2d& d) {
    return (d.R == 3 || d.R == 5) && d.S == d.R && d.stride_h == 1 && d.stride_w == 1 &&
           d.dilation_h == 1 && d.dilation_w == 1;
}

// Phases have 2 taps, or 3, and one of them may have 1 less.
bool fits_phases(const Conv2d& d) {
    return d.R >= 3 && d.R <= 6 && d.S >= 3 && d.S <= 6 && (d.R > 4) == (d.S > 4) &&
           d.stride_h == 2 && d.stride_w == 2 && d.dilation_h == 1 && d.dilation_w == 1;
}

bool fits_depthwise(const Conv2d& d) {
    return d.depth() == 1;
}

}  // namespace

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

Conv2dTable conv2d_table() {
    // Made when it is asked for: whoever loads the module may not know these instructions.
    static const Conv2dRung RUNGS[] = {
        {"k01_naive", "the definition, loop by loop", "", every, MT_ALL_TYPES(conv2d_k01_naive)},
        {"k02_rows", "a row of positions at a time, for each tap", "", every,
         MT_ALL_TYPES(conv2d_k02_rows)},
        {"k03_packed", "register tiles on operands packed straight from the image", "", every,
         MT_ALL_TYPES(conv2d_k03_packed)},
        {"k04_winograd", "4 x 4 results of 3 x 3 filters, or 2 x 2 of 5 x 5, by 36 products",
         "3 x 3 or 5 x 5 filters, stride 1 and dilation 1", fits_winograd,
         MT_ALL_TYPES(conv2d_k04_winograd)},
        {"k05_depthwise", "a plane at a time, within the first-level cache", "one channel a group",
         fits_depthwise, MT_ALL_TYPES(conv2d_k05_depthwise)},
        {"k06_pointwise", "filters of 1x1 as a matrix product on the images as they lie", "", every,
         MT_ALL_TYPES(conv2d_k06_pointwise)},
        {"k07_phases", "4 x 4 results for each phase of a stride of 2, by 25 or 36 products",
         "filters of 3 or 4 taps both ways, or of 5 or 6, stride 2 and dilation 1", fits_phases,
         MT_ALL_TYPES(conv2d_k07_phases)},
    };
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
