// What each rung's file offers to the table.
#pragma once

#include "cpu/random/random.hpp"

namespace mt::MT_ISA {

template <class T>
RandomKernels<T> random_k01_naive();

template <class T>
RandomKernels<T> random_k02_blocks();

}  // namespace mt::MT_ISA
