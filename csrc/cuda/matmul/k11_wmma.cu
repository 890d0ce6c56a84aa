// k11_wmma
// Idea:     tensor cores, by CUDA's own interface: a warp multiplies 16 x 16 x 16 matrices, of
//           16-bit elements, into float32 sums, in one call.
// Changed since k08_multistage: the ring is the same; the 8 x 8 outer products of each thread
//           become fragments of the warp. Which lane holds what is not ours to know, so
//           the sums pass through shared memory on their way to the epilogue.
// Requires: float16 or bfloat16; an axis of stride 1 in each operand.
// Launch:   256 threads, 8 warps as 2 x 4 for a tile of 128 x 128; slabs 32 deep, 4 stages.
// Reading:  the fragments' types name the layout, so that both of an operand load as they lie.
#include "cuda/matmul/rungs.hpp"
#include "cuda/matmul/slabs.cuh"

namespace mt::matmul {

namespace {

namespace wmma = nvcuda::wmma;

constexpr int BK = 32, STAGES = 4, SIZE = 16;
constexpr int ROW_TILES = WM / SIZE, COLUMN_TILES = WN / SIZE;
constexpr int PITCH = SIZE + 4;  // of a warp's sums in shared memory

template <class T, bool A_ALONG, bool B_ALONG>
using Ring = SlabRing<T, MMA_BM, MMA_BN, BK, A_ALONG, B_ALONG, STAGES, MMA_THREADS>;
template <class Use, class T, bool BY_ROWS>
using Fragment = wmma::fragment<Use, SIZE, SIZE, SIZE, T,
                                std::conditional_t<BY_ROWS, wmma::row_major, wmma::col_major>>;
typedef wmma::fragment<wmma::accumulator, SIZE, SIZE, SIZE, float> Sums;

template <class T, bool A_ALONG, bool B_ALONG>
__global__ void __launch_bounds__(MMA_THREADS, 2) k11(Arguments<T> p) {
    typedef Ring<T, A_ALONG, B_ALONG> R;
    MT_DYNAMIC_SHARED(typename R::Stage, stages);
    const Tile tile = tile_at<MMA_BM, MMA_BN>(p, blockIdx.x);
    const int row = warp_row(), column = warp_column(), lane = threadIdx.x % 32;
    Sums sums[ROW_TILES][COLUMN_TILES];
#pragma unroll
    for (int i = 0; i < ROW_TILES; i++)
#pragma unroll
        for (int j = 0; j < COLUMN_TILES; j++) wmma::fill_fragment(sums[i][j], 0.0f);
    R::run(p, tile, 0, p.K, stages, [&](const typename R::Stage& stage) {
#pragma unroll
        for (int k = 0; k < BK; k += SIZE) {
            Fragment<wmma::matrix_a, T, A_ALONG> a[ROW_TILES];
            Fragment<wmma::matrix_b, T, !B_ALONG> b[COLUMN_TILES];
#pragma unroll
            for (int i = 0; i < ROW_TILES; i++)
                wmma::load_matrix_sync(a[i], stage.a.at(row + i * SIZE, k), stage.a.STEP);
#pragma unroll
            for (int j = 0; j < COLUMN_TILES; j++)
                wmma::load_matrix_sync(b[j], stage.b.at(column + j * SIZE, k), stage.b.STEP);
#pragma unroll
            for (int i = 0; i < ROW_TILES; i++)
#pragma unroll
                for (int j = 0; j < COLUMN_TILES; j++)
                    wmma::mma_sync(sums[i][j], a[i], b[j], sums[i][j]);
        }
    });
    __syncthreads();  // the ring's memory is free from here on
    float* own = reinterpret_cast<float*>(stages) + threadIdx.x / 32 * SIZE * PITCH;
#pragma unroll
    for (int i = 0; i < ROW_TILES; i++)
#pragma unroll
        for (int j = 0; j < COLUMN_TILES; j++) {
            wmma::store_matrix_sync(own, sums[i][j], PITCH, wmma::mem_row_major);
            __syncwarp();
#pragma unroll
            for (int e = 0; e < 8; e += 4)
                store_row<4>(p, tile.l, tile.m + row + i * SIZE + lane / 2,
                             tile.n + column + j * SIZE + lane % 2 * 8 + e,
                             own + lane / 2 * PITCH + lane % 2 * 8 + e);
            __syncwarp();
        }
}

std::string supports(const Matmul& p) {
    if (size_of(p.dtype) != 2) return "its fragments are of float16 or bfloat16";
    return supports_majors(p);
}

template <class T>
void run_with(const Matmul& p) {
    by_layout(p, [&](auto a_along, auto b_along) {
        LaunchShape shape{"matmul k11_wmma", grid_of_tiles(p, MMA_BM, MMA_BN), dim3(MMA_THREADS),
                          Ring<T, a_along, b_along>::BYTES, p.stream};
        launch(shape, k11<T, a_along, b_along>, typed<T>(p));
    });
}

void run(const Matmul& p) {
    return p.dtype == Dtype::float16 ? run_with<float16>(p) : run_with<bfloat16>(p);
}

}  // namespace

const MatmulRung k11_wmma = {
    {"k11_wmma", "tensor cores by CUDA's own interface",
     "float16 or bfloat16; an axis of stride 1 in each operand; compute capability 8.0"},
    supports,
    no_workspace,
    run};

}  // namespace mt::matmul
