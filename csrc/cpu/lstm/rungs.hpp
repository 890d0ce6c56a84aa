// What each rung's file offers to the table.
#pragma once

#include "cpu/lstm/lstm.hpp"

namespace mt::MT_ISA {

template <class T>
LstmKernels<T> lstm_k01_naive();

// Rung 2 has a file for each direction.
template <class T>
void add_k02_fused_fwd(LstmKernels<T>& kernels);
template <class T>
void add_k02_fused_bwd(LstmKernels<T>& kernels);

}  // namespace mt::MT_ISA
