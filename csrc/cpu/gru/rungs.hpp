// What each rung's file offers to the table.
#pragma once

#include "cpu/gru/gru.hpp"

namespace mt::MT_ISA {

template <class T>
GruKernels<T> gru_k01_naive();
template <class T>
GruKernels<T> gru_k02_fused();

}  // namespace mt::MT_ISA
