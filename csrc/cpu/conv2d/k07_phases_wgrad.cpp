// Convolution, rung 7, weight gradient: with a stride of 2, by Winograd's formula.
//
// Idea      Each phase of the filters, every other tap, has a gradient of its own: that of a
//           convolution of stride 1 on every other row and column of x. All four are made from the
//           same transform of dy.
// Changed   As in the forward: 25 products of points where 64 were of taps.
// Requires  Filters of 3 or 4 taps either way, or of 5 or 6; stride 2 both ways, dilation 1. Any
//           padding, any groups.
// Launch    As k04.
// Reading   winograd_phases.hpp, then winograd_wgrad.hpp.
#include "cpu/conv2d/winograd_wgrad.hpp"

namespace mt::MT_ISA {
namespace {

using Of4 = Formula<4, 2, Phases::READ>;  // and of 3
using Of6 = Formula<4, 3, Phases::READ>;  // and of 5

Geometry geometry(const Conv2d& d) {
    return {read_axis(d.R, d.pad_h), read_axis(d.S, d.pad_w)};
}

template <class T>
void run(const Conv2d& d, int threads, const T* x, const T* dy, T* dw, T* scratch) {
    (d.R <= 4 ? wgrad<Of4, T> : wgrad<Of6, T>)(d, geometry(d), threads, x, dy, dw, scratch);
}

template <class T>
std::size_t room(const Conv2d& d, int threads) {
    return (d.R <= 4 ? wgrad_room<Of4, T> : wgrad_room<Of6, T>)(d, geometry(d), threads);
}

}  // namespace

template <class T>
void add_k07_phases_wgrad(Conv2dKernels<T>& kernels) {
    kernels.wgrad = run<T>, kernels.wgrad_scratch = room<T>;
}

template void add_k07_phases_wgrad(Conv2dKernels<float>&);
template void add_k07_phases_wgrad(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
