// Matrix product, rung 1: the definition.
//
// Idea      Row by row, column by column, the sum of the products along k.
// Changed   The ground floor.
// Requires  Nothing.
// Launch    Everything on the calling thread.
// Reading   product is the definition.
#include "cpu/matmul/rungs.hpp"

namespace mt::MT_ISA {
namespace {

template <class T>
void product(const Matmul& p, const T* a, const T* b, const Epilogue<T>& epilogue, T* c) {
    for (long i = 0; i < p.m; i++, c += p.n) {
        for (long j = 0; j < p.n; j++) {
            T sum = epilogue.accumulate ? c[j] : T(0);
            for (long k = 0; k < p.k; k++)
                sum += a[i * p.a_row + k * p.a_step] * b[k * p.b_step + j * p.b_column];
            c[j] = sum;
        }
        finish_row(epilogue, i, 0, p.n, c);
    }
}

template <class T>
void run(const Matmul& p, int, const T* a, const T* b, const Epilogue<T>& epilogue, T* c, T*) {
    for (long entry = 0; entry < p.entries(); entry++)
        product(p, a + p.offset(entry, p.a_batch), b + p.offset(entry, p.b_batch), epilogue,
                c + entry * p.m * p.n);
}

}  // namespace

template <class T>
MatmulKernels<T> matmul_k01_naive() {
    return {run<T>, [](const Matmul&, int) -> std::size_t { return 0; }};
}

template MatmulKernels<float> matmul_k01_naive();
template MatmulKernels<double> matmul_k01_naive();

}  // namespace mt::MT_ISA
