// What each rung's file offers to the table.
#pragma once

#include "cpu/embedding/embedding.hpp"

namespace mt::MT_ISA {

template <class T>
EmbeddingKernels<T> embedding_k01_naive();
template <class T>
EmbeddingKernels<T> embedding_k02_slices();

}  // namespace mt::MT_ISA
