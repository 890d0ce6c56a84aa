// What each rung's file offers to the table.
#pragma once

#include "cpu/conv2d/conv2d.hpp"

namespace mt::MT_ISA {

template <class T>
Conv2dKernels<T> conv2d_k01_naive();

template <class T>
Conv2dKernels<T> conv2d_k02_rows();

// Rung 3 has a file for each direction.
template <class T>
void add_k03_packed_fwd(Conv2dKernels<T>& kernels);
template <class T>
void add_k03_packed_dgrad(Conv2dKernels<T>& kernels);
template <class T>
void add_k03_packed_wgrad(Conv2dKernels<T>& kernels);

// Rung 4: the input gradient is a forward convolution.
template <class T>
void add_k04_winograd_fwd(Conv2dKernels<T>& kernels);
template <class T>
void add_k04_winograd_wgrad(Conv2dKernels<T>& kernels);

// Rung 5
template <class T>
void add_k05_depthwise_fwd(Conv2dKernels<T>& kernels);  // and the weight gradient
template <class T>
void add_k05_depthwise_dgrad(Conv2dKernels<T>& kernels);

template <class T>
Conv2dKernels<T> conv2d_k06_pointwise();

// Rung 7
template <class T>
void add_k07_phases_fwd(Conv2dKernels<T>& kernels);  // and the input gradient
template <class T>
void add_k07_phases_wgrad(Conv2dKernels<T>& kernels);

// What a forward convolution may end with, on results that lie side by side. A NaN is kept.
template <class T>
inline void rectify(const Conv2d& d, T* __restrict y, long count) {
    for (long i = 0; d.relu && i < count; i++) y[i] = y[i] < 0 ? T(0) : y[i];
}

inline std::size_t no_scratch(const Conv2d&, int) {
    return 0;
}

}  // namespace mt::MT_ISA
