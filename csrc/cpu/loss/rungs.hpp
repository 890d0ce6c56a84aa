// What each rung's file offers to the table.
#pragma once

#include "cpu/loss/loss.hpp"

namespace mt::MT_ISA {

template <class T>
LossKernels<T> loss_k01_naive();

template <class T>
LossKernels<T> loss_k02_vectors();

}  // namespace mt::MT_ISA
