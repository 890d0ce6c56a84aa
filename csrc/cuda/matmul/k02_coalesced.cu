// k02_coalesced
// Idea:     a warp's 32 loads are one request: where they fall into one line of 128 bytes, they
//           cost one transfer instead of 32.
// Changed since k01_naive: x runs along the COLUMNS of y. A warp then reads 32 neighbours of a
//           row of b and one single element of a, which is broadcast, and writes 32 neighbours.
// Requires: nothing; any strides. It is the layout where both operands are row-major that gains:
//           with b transposed, its loads are scattered again.
// Launch:   blocks of 32 x 8 threads, x along the columns of y.
// Reading:  every element of a is still read N times from memory or cache, every one of b M times.
#include "cuda/matmul/operands.cuh"
#include "cuda/matmul/rungs.hpp"

namespace mt::matmul {

namespace {

constexpr int ROWS = 8, COLUMNS = 32;

template <class T>
__global__ void __launch_bounds__(ROWS* COLUMNS) k02(Arguments<T> p) {
    const Tile tile = tile_at<ROWS, COLUMNS>(p, blockIdx.x);
    const long long m = tile.m + threadIdx.y, n = tile.n + threadIdx.x;
    if (m >= p.M || n >= p.N) return;
    const T *row = p.a.at(tile.l, m, 0), *column = p.b.at(tile.l, n, 0);
    Sum<T> sum = 0;
    for (long long k = 0; k < p.K; k++)
        sum += Sum<T>(row[k * p.a.along]) * Sum<T>(column[k * p.b.along]);
    store(p, tile.l, m, n, sum);
}

void run(const Matmul& p) {
    LaunchShape shape{"matmul k02_coalesced", grid_of_tiles(p, ROWS, COLUMNS), dim3(COLUMNS, ROWS),
                      0, p.stream};
    by_type(p.dtype,
            [&](auto type) { launch(shape, k02<decltype(type)>, typed<decltype(type)>(p)); });
}

}  // namespace

const MatmulRung k02_coalesced = {{"k02_coalesced", "columns along a warp: coalesced loads", ""},
                                  supports_everything,
                                  no_workspace,
                                  run};

}  // namespace mt::matmul
