// k01_naive
// Idea:     one thread per element of y; it reads its row of a and its column of b.
// Requires: nothing; any strides.
// Launch:   blocks of 32 x 8 threads, x along the ROWS of y: neighbouring threads of a warp read
//           different rows, so each of their loads of a touches a memory sector of its own.
// Reading:  compare with k02_coalesced, which differs in one line.
#include "cuda/matmul/operands.cuh"
#include "cuda/matmul/rungs.hpp"

namespace mt::matmul {

namespace {

constexpr int ROWS = 32, COLUMNS = 8;

template <class T>
__global__ void __launch_bounds__(ROWS* COLUMNS) k01(Arguments<T> p) {
    const long long m = blockIdx.x * (long long)ROWS + threadIdx.x;
    const long long n = blockIdx.y * (long long)COLUMNS + threadIdx.y;
    const long long l = blockIdx.z;
    if (m >= p.M || n >= p.N) return;
    const T* row = p.a + l * p.a_batch + m * p.a_row;
    const T* column = p.b + l * p.b_batch + n * p.b_column;
    Sum<T> sum = 0;
    for (long long k = 0; k < p.K; k++)
        sum += Sum<T>(row[k * p.a_column]) * Sum<T>(column[k * p.b_row]);
    store(p, l, m, n, sum);
}

void run(const Matmul& p) {
    dim3 grid(blocks_for(p.M, ROWS), blocks_for(p.N, COLUMNS), unsigned(p.batch));
    LaunchShape shape{"matmul k01_naive", grid, dim3(ROWS, COLUMNS), 0, p.stream};
    by_type(p.dtype,
            [&](auto type) { launch(shape, k01<decltype(type)>, typed<decltype(type)>(p)); });
}

}  // namespace

const MatmulRung k01_naive = {{"k01_naive", "one thread per element, rows along a warp", ""},
                              supports_everything,
                              no_workspace,
                              run};

}  // namespace mt::matmul
