// What each rung's file offers to the table.
#pragma once

#include "cpu/pool2d/pool2d.hpp"

namespace mt::MT_ISA {

template <class T, class I>
Pool2dKernels<T, I> pool2d_k01_naive();

template <class T, class I>
Pool2dKernels<T, I> pool2d_k02_rows();

template <class T, class I>
Pool2dKernels<T, I> pool2d_k03_vectors();

#define MT_POOL2D_ALL_TYPES(X) \
    X(float, std::uint8_t) X(float, std::int32_t) X(double, std::uint8_t) X(double, std::int32_t)

}  // namespace mt::MT_ISA
