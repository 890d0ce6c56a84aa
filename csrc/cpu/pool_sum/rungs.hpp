// What each rung's file offers to the table.
#pragma once

#include "cpu/pool_sum/pool_sum.hpp"

namespace mt::MT_ISA {

template <class T>
PoolSumKernels<T> pool_sum_k01_naive();

template <class T>
PoolSumKernels<T> pool_sum_k02_axes();

}  // namespace mt::MT_ISA
