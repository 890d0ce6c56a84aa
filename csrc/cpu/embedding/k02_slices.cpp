// Embedding, rung 2: threads that need not know of each other.
//
// Idea      Looking up is copying. Adding up is a race where two places name one row; so a task
//           does not take some places but all of them, for a slice of the row's numbers: every
//           number has one writer, which adds in the order of the places.
// Changed   Several threads, and whole rows or slices at a time.
// Requires  Nothing; narrow tables leave the gradient to one thread.
// Launch    gather: a task per run of places; scatter: per slice of the columns, when the table
//           has been cleared.
// Reading   scatter.
#include <algorithm>

#include "common/parallel.hpp"
#include "cpu/embedding/rungs.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long BYTES = 1 << 16;  // about so many are worth a task
constexpr long SLICES = 4;       // of a row, each of whole cache lines

template <class T>
void gather(const Embedding& d, int threads, const T* w, T* y) {
    const long run = std::max(1L, BYTES / std::max(1L, d.width * long(sizeof(T))));
    parallel_for((d.count + run - 1) / run, threads, [&](long task, int) {
        for (long i = task * run; i < std::min(d.count, (task + 1) * run); i++)
            std::copy(w + d.at(i) * d.width, w + (d.at(i) + 1) * d.width, y + i * d.width);
    });
}

template <class T>
void scatter(const Embedding& d, int threads, const T* y, T* w) {
    constexpr long LINE = 64 / sizeof(T);
    const long slice = (d.width + SLICES * LINE - 1) / (SLICES * LINE) * LINE;
    const long slices = (d.width + slice - 1) / std::max(1L, slice);
    const bool few = (d.rows + d.count) * d.width * long(sizeof(T)) < BYTES;
    const long size = d.rows * d.width, piece = 4 * BYTES / long(sizeof(T));
    if (few) threads = 1;
    parallel_for((size + piece - 1) / piece, threads, [&](long task, int) {
        std::fill(w + task * piece, w + std::min(size, (task + 1) * piece), T(0));
    });
    parallel_for(slices, threads, [&](long task, int) {
        const long first = task * slice, count = std::min(slice, d.width - first);
        for (long i = 0; i < d.count; i++) {
            const T* __restrict from = y + i * d.width + first;
            T* __restrict to = w + d.at(i) * d.width + first;
            for (long j = 0; j < count; j++) to[j] += from[j];
        }
    });
}

}  // namespace

template <class T>
EmbeddingKernels<T> embedding_k02_slices() {
    return {gather<T>, scatter<T>};
}

template EmbeddingKernels<float> embedding_k02_slices();
template EmbeddingKernels<double> embedding_k02_slices();

}  // namespace mt::MT_ISA
