// Matrix products on the device: what the kernels compute, and the table of them.
//
//   y[l,m,n] = relu( sum over k of a[l,m,k] b[l,k,n]  +  bias[n]  +  residual[l,m,n] )
//
// for a batch of `batch` products l. Operands are given by strides, in elements, so a transposed
// operand is read where it lies: row-major has column = 1, transposed has row = 1. bias, residual
// and relu are optional. Sums are in float32 for the 16-bit types, else in the operands' type.
#pragma once

#include "cuda/common/types.hpp"

namespace mt {

struct Matrix {
    const void* data;
    long long batch, row, column;  // strides; batch = 0 repeats one matrix
    bool row_major() const { return column == 1; }
    bool column_major() const { return row == 1; }
};

struct Matmul {
    Dtype dtype;  // of all operands and of y
    long long batch, M, N, K;
    Matrix a, b;  // M x K, K x N
    void* y;      // batch x M x N, contiguous
    const void* bias = nullptr;
    const void* residual = nullptr;  // as y
    bool relu = false;
    void* workspace = nullptr;  // as many bytes as the rung asks for
    Stream stream = nullptr;
};

struct MatmulRung {
    RungText text;
    std::string (*supports)(const Matmul&);   // "" or the reason why not
    std::size_t (*workspace)(const Matmul&);  // bytes
    void (*run)(const Matmul&);
};

struct MatmulTable {
    const MatmulRung* rungs;
    int count;
};
MatmulTable matmul_table();

inline std::size_t no_workspace(const Matmul&) {
    return 0;
}
inline std::string supports_everything(const Matmul&) {
    return "";
}
// Most rungs copy neighbouring elements: each operand must have an axis of stride 1.
inline std::string supports_majors(const Matmul& p) {
    auto neighbours = [](const Matrix& m) { return m.row_major() || m.column_major(); };
    if (!neighbours(p.a)) return "a is contiguous neither along its rows nor along its columns";
    if (!neighbours(p.b)) return "b is contiguous neither along its rows nor along its columns";
    return "";
}

}  // namespace mt
