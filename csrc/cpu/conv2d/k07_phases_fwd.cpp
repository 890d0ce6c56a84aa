// Convolution, rung 7, forward and input gradient: with a stride of 2, by Winograd's formula.
//
// Idea      A convolution of stride 2 is a sum of four of stride 1: even or odd rows, even or odd
//           columns of the image, with every other tap of the filter (winograd_phases.hpp). A 4 x 4
//           filter gives four of 2 x 2; 4 x 4 results of these, 256 multiplications, need 25
//           products each, and are added up before the one transform back. In the input gradient
//           each phase of dx is a convolution of dy, and the phases are interleaved at last.
//           A 3 x 3 filter has phases of 2 and 1 taps: those with 1 have no product at infinity,
//           so that 81 are left of 144. Filters of 5 and 6 have 36 points: 121 of 400, 144 of 576.
// Changed   k04 knows stride 1. The same code, with phases.
// Requires  Filters of 3 or 4 taps either way, or of 5 or 6; stride 2 both ways, dilation 1. Any
//           padding, any groups.
// Launch    As k04.
// Reading   winograd_phases.hpp, then winograd_fwd.hpp.
#include "cpu/conv2d/winograd_fwd.hpp"

namespace mt::MT_ISA {
namespace {

template <class T>
Job<T> forward(const Conv2d& d, const T* x, const T* w, const T* b, T* y) {
    return fwd_job(d, x, w, b, y, {read_axis(d.R, d.pad_h), read_axis(d.S, d.pad_w)});
}

template <class T>
Job<T> backward(const Conv2d& d, const T* dy, const T* w, T* dx) {
    return dgrad_job(d, dy, w, dx, {made_axis(d.R, d.pad_h), made_axis(d.S, d.pad_w)});
}

template <Phases PHASES, class T>
void run(const Conv2d& d, const Job<T>& job, int threads, T* scratch) {
    d.R <= 4 ? convolve<Formula<4, 2, PHASES>>(job, threads, scratch)
             : convolve<Formula<4, 3, PHASES>>(job, threads, scratch);
}

template <Phases PHASES, class T>
std::size_t room(const Conv2d& d, const Job<T>& job, int threads) {
    return d.R <= 4 ? convolve_room<Formula<4, 2, PHASES>>(job, threads)
                    : convolve_room<Formula<4, 3, PHASES>>(job, threads);
}

template <class T>
void fwd(const Conv2d& d, int threads, const T* x, const T* w, const T* b, T* y, T* scratch) {
    run<Phases::READ>(d, forward(d, x, w, b, y), threads, scratch);
}

template <class T>
void dgrad(const Conv2d& d, int threads, const T* dy, const T* w, T* dx, T* scratch) {
    run<Phases::MADE>(d, backward(d, dy, w, dx), threads, scratch);
}

template <class T>
std::size_t fwd_scratch(const Conv2d& d, int threads) {
    return room<Phases::READ>(d, forward<T>(d, nullptr, nullptr, nullptr, nullptr), threads);
}

template <class T>
std::size_t dgrad_scratch(const Conv2d& d, int threads) {
    return room<Phases::MADE>(d, backward<T>(d, nullptr, nullptr, nullptr), threads);
}

}  // namespace

template <class T>
void add_k07_phases_fwd(Conv2dKernels<T>& kernels) {
    kernels.fwd = fwd<T>, kernels.fwd_scratch = fwd_scratch<T>;
    kernels.dgrad = dgrad<T>, kernels.dgrad_scratch = dgrad_scratch<T>;
}

template void add_k07_phases_fwd(Conv2dKernels<float>&);
template void add_k07_phases_fwd(Conv2dKernels<double>&);

}  // namespace mt::MT_ISA
