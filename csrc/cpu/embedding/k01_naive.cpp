// Embedding, rung 1: the definition.
//
// Idea      For each index its row, number by number; back, each number to where it came from.
// Changed   The ground floor.
// Requires  Nothing.
// Launch    Everything on the calling thread.
// Reading   gather, scatter.
#include "cpu/embedding/rungs.hpp"

namespace mt::MT_ISA {
namespace {

template <class T>
void gather(const Embedding& d, int, const T* w, T* y) {
    for (long i = 0; i < d.count; i++)
        for (long j = 0; j < d.width; j++) y[i * d.width + j] = w[d.at(i) * d.width + j];
}

template <class T>
void scatter(const Embedding& d, int, const T* y, T* w) {
    for (long i = 0; i < d.rows * d.width; i++) w[i] = 0;
    for (long i = 0; i < d.count; i++)
        for (long j = 0; j < d.width; j++) w[d.at(i) * d.width + j] += y[i * d.width + j];
}

}  // namespace

template <class T>
EmbeddingKernels<T> embedding_k01_naive() {
    return {gather<T>, scatter<T>};
}

template EmbeddingKernels<float> embedding_k01_naive();
template EmbeddingKernels<double> embedding_k01_naive();

}  // namespace mt::MT_ISA
