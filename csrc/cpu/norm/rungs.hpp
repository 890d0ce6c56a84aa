// What each rung's file offers to the table.
#pragma once

#include "cpu/norm/norm.hpp"

namespace mt::MT_ISA {

template <class T>
NormKernels<T> norm_k01_naive();

template <class T>
NormKernels<T> norm_k02_lanes();

}  // namespace mt::MT_ISA
