// Convolution, rung 4, weight gradient: Winograd's formula, transposed.
//
// Idea      dw = G' [(A dy) (B' x)] G, with the sum over all tiles inside: per point a product of
//           matrices, filters by tiles, tiles by channels, and one transform at the end.
// Changed   As in the forward: a quarter of the multiplications.
// Requires  3 x 3 or 5 x 5 filters, stride 1, dilation 1. Any padding, any groups.
// Launch    With few channels a task per part of the tiles, whose sums are added up in order. With
//           many the threads share the tiles' transforms, then the points' products, run after
//           run; with more channels than tiles a task makes some filters' gradients from all tiles.
// Reading   by_parts in winograd_wgrad.hpp; the tiles are in winograd_tiles.hpp.
#include "cpu/conv2d/winograd_wgrad.hpp"

namespace mt::MT_ISA {
namespace {

using Of3 = Formula<4, 3, Phases::NONE>;
using Of5 = Formula<2, 5, Phases::NONE>;

Geometry geometry(const Conv2d& d) {
    return {plain_axis(d.R, d.pad_h), plain_axis(d.S, d.pad_w)};
}

template <class T>
void run(const Conv2d& d, int threads, const T* x, const T* dy, T* dw, T* scratch) {
    (d.R == 3 ? wgrad<Of3, T> : wgrad<Of5, T>)(d, geometry(d), threads, x, dy, dw, scratch);
}

template <class T>
std::size_t room(const Conv2d& d, int threads) {
    return (d.R == 3 ? wgrad_room<Of3, T> : wgrad_room<Of5, T>)(d, geometry(d), threads);
}

}  // namespace

template <class T>
void add_k04_winograd_wgrad(Conv2dKernels<T>& kernels) {
    kernels.wgrad = run<T>, kernels.wgrad_scratch = room<T>;
}

template void add_k04_winograd_wgrad(Conv2dKernels<float>&);
template void add_k04_winograd_wgrad(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
