// Convolution, rung 4, forward and input gradient: Winograd's transforms, tile by tile.
//
// Idea      4 x 4 results of a 3 x 3 filter need 144 multiplications, or 36 between transformed
//           operands (winograd.hpp); 2 x 2 of a 5 x 5 filter 100, or 36. Point by point these are
//           products of matrices: tiles by channels, channels by filters. The input gradient is
//           the same, with dy as the image and the filters turned round.
// Changed   A quarter of the multiplications; larger errors (minitorch/ops/conv_winograd.py).
// Requires  3 x 3 or 5 x 5 filters, stride 1, dilation 1. Any padding, any groups.
// Launch    A task per block of tiles and group: there, products, and back, within the cache. Or,
//           if there are few tiles, per three vectors of filters.
// Reading   convolve in winograd_fwd.hpp; the tiles are in winograd_tiles.hpp.
#include "cpu/conv2d/winograd_fwd.hpp"

namespace mt::MT_ISA {
namespace {

using Of3 = Formula<4, 3, Phases::NONE>;
using Of5 = Formula<2, 5, Phases::NONE>;

template <class T>
Job<T> forward(const Conv2d& d, const T* x, const T* w, const T* b, T* y) {
    return fwd_job(d, x, w, b, y, {plain_axis(d.R, d.pad_h), plain_axis(d.S, d.pad_w)});
}

template <class T>
Job<T> backward(const Conv2d& d, const T* dy, const T* w, T* dx) {
    return dgrad_job(d, dy, w, dx, {turned_axis(d.R, d.pad_h), turned_axis(d.S, d.pad_w)});
}

template <class T>
void fwd(const Conv2d& d, int threads, const T* x, const T* w, const T* b, T* y, T* scratch) {
    (d.R == 3 ? convolve<Of3, T> : convolve<Of5, T>)(forward(d, x, w, b, y), threads, scratch);
}

template <class T>
void dgrad(const Conv2d& d, int threads, const T* dy, const T* w, T* dx, T* scratch) {
    (d.R == 3 ? convolve<Of3, T> : convolve<Of5, T>)(backward(d, dy, w, dx), threads, scratch);
}

template <class T>
std::size_t fwd_scratch(const Conv2d& d, int threads) {
    const auto job = forward<T>(d, nullptr, nullptr, nullptr, nullptr);
    return (d.R == 3 ? convolve_room<Of3, T> : convolve_room<Of5, T>)(job, threads);
}

template <class T>
std::size_t dgrad_scratch(const Conv2d& d, int threads) {
    const auto job = backward<T>(d, nullptr, nullptr, nullptr);
    return (d.R == 3 ? convolve_room<Of3, T> : convolve_room<Of5, T>)(job, threads);
}

}  // namespace

template <class T>
void add_k04_winograd_fwd(Conv2dKernels<T>& kernels) {
    kernels.fwd = fwd<T>, kernels.fwd_scratch = fwd_scratch<T>;
    kernels.dgrad = dgrad<T>, kernels.dgrad_scratch = dgrad_scratch<T>;
}

template void add_k04_winograd_fwd(Conv2dKernels<float>&);
template void add_k04_winograd_fwd(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
