// Matrix products: what the kernels compute, and the table of them.
//
//   c[i, j] (+)= sum over k of a[i, k] b[k, j]   (+ bias, then max(., 0) if wanted)
//
// for every entry of a batch. Operands lie anyhow: each has a stride for its rows and its
// columns, so that a transposed or sliced matrix is read where it is. Each result is a fixed
// sequence of additions in the order of k, whatever the number of threads.
#pragma once

#include <cstddef>
#include <tuple>

#include "common/isa.hpp"

namespace mt {

struct Matmul {
    static constexpr int AXES = 4;  // of the batch
    long m, n, k;
    long a_row, a_step, b_step, b_column;  // strides; c is contiguous
    long batch[AXES], a_batch[AXES], b_batch[AXES];

    long entries() const { return batch[0] * batch[1] * batch[2] * batch[3]; }
    // Where an operand of the `entry`-th product begins.
    long offset(long entry, const long (&strides)[AXES]) const {
        long at = 0;
        for (int axis = AXES - 1; axis >= 0; entry /= batch[axis--])
            at += entry % batch[axis] * strides[axis];
        return at;
    }
};

// What is done with a sum before it is written. The bias of element (i, j) is
// bias[i bias_row + j bias_column]: strides of 0 and 1 make it one of columns or of rows.
template <class T>
struct Epilogue {
    const T* bias = nullptr;
    long bias_row = 0, bias_column = 0;
    bool relu = false;
    bool accumulate = false;  // add to what c holds
};

// `scratch` holds as many elements as the rung's function of that name says.
template <class T>
struct MatmulKernels {
    void (*run)(const Matmul&, int threads, const T* a, const T* b, const Epilogue<T>&, T* c,
                T* scratch);
    std::size_t (*scratch)(const Matmul&, int threads);
};

struct MatmulRung {
    const char *name, *idea, *needs;
    std::tuple<MatmulKernels<float>, MatmulKernels<double>> kernels;
};

struct MatmulTable {
    const MatmulRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run) \
    namespace ISA {              \
    MatmulTable matmul_table();  \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
