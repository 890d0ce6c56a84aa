// What each rung's file offers to the table.
#pragma once

#include "cpu/matmul/matmul.hpp"

namespace mt::MT_ISA {

template <class T>
MatmulKernels<T> matmul_k01_naive();
template <class T>
MatmulKernels<T> matmul_k02_rows();
template <class T>
MatmulKernels<T> matmul_k03_packed();

// Bias and rectifier on columns [j0, j1) of row i.
template <class T>
inline void finish_row(const Epilogue<T>& e, long i, long j0, long j1, T* __restrict row) {
    if (e.bias) {
        const T* bias = e.bias + i * e.bias_row;
        if (e.bias_column == 1)
            for (long j = j0; j < j1; j++) row[j] += bias[j];
        else
            for (long j = j0; j < j1; j++) row[j] += bias[j * e.bias_column];
    }
    if (e.relu)  // a NaN is kept
        for (long j = j0; j < j1; j++) row[j] = row[j] < 0 ? T(0) : row[j];
}

}  // namespace mt::MT_ISA
