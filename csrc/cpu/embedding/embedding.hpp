// Rows of a table, looked up by integer: what the kernels compute, and the table of them.
//
//   gather    y[i] = w[index[i]]
//   scatter   w[r] = sum over i with index[i] = r, in the order of i, of y[i]
//
// Indices are within the table; the binding has looked.
#pragma once

#include <cstdint>
#include <tuple>

#include "common/isa.hpp"

namespace mt {

struct Embedding {
    long rows, width, count;  // of the table; looked up
    const void* index;
    bool wide;  // 64 bits to an index, or 32

    long at(long i) const {
        return wide ? static_cast<long>(static_cast<const std::int64_t*>(index)[i])
                    : static_cast<long>(static_cast<const std::int32_t*>(index)[i]);
    }
};

template <class T>
struct EmbeddingKernels {
    void (*gather)(const Embedding&, int threads, const T* w, T* y);
    void (*scatter)(const Embedding&, int threads, const T* y, T* w);
};

struct EmbeddingRung {
    const char *name, *idea, *needs;
    std::tuple<EmbeddingKernels<float>, EmbeddingKernels<double>> kernels;
};

struct EmbeddingTable {
    const EmbeddingRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run)      \
    namespace ISA {                   \
    EmbeddingTable embedding_table(); \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
