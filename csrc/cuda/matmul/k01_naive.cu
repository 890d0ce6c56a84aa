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
    const Tile tile = tile_at<ROWS, COLUMNS>(p, blockIdx.x);
    const long long m = tile.m + threadIdx.x, n = tile.n + threadIdx.y;
    if (m >= p.M || n >= p.N) return;
    const T *row = p.a.at(tile.l, m, 0), *column = p.b.at(tile.l, n, 0);
    Sum<T> sum = 0;
    for (long long k = 0; k < p.K; k++)
        sum += Sum<T>(row[k * p.a.along]) * Sum<T>(column[k * p.b.along]);
    store(p, tile.l, m, n, sum);
}

void run(const Matmul& p) {
    LaunchShape shape{"matmul k01_naive", grid_of_tiles(p, ROWS, COLUMNS), dim3(ROWS, COLUMNS), 0,
                      p.stream};
    by_type(p.dtype,
            [&](auto type) { launch(shape, k01<decltype(type)>, typed<decltype(type)>(p)); });
}

}  // namespace

const MatmulRung k01_naive = {{"k01_naive", "one thread per element, rows along a warp", ""},
                              supports_everything,
                              no_workspace,
                              run};

}  // namespace mt::matmul
