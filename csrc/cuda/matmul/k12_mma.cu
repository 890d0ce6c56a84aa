// k12_mma
// Idea:     the tensor core's own instruction, mma.sync m16n8k16, and ldmatrix, which loads its
//           fragments: four 8 x 8 matrices an instruction, transposed if need be.
// Changed since k11_wmma: the lanes' elements are known, so the epilogue works in registers and
//           nothing passes through shared memory twice; a fragment load is one instruction,
//           without bank conflicts (the slabs' padding sees to that).
// Requires: float16 or bfloat16; an axis of stride 1 in each operand.
// Launch:   256 threads, 8 warps as 2 x 4 for a tile of 128 x 128; slabs 32 deep, 4 stages, 80 KB:
//           two blocks share a multiprocessor, at 128 registers.
// Reading:  per 16 of k a warp loads 6 x 512 bytes and issues 16 products of 16 x 8 x 16.
#include "cuda/matmul/rungs.hpp"
#include "cuda/matmul/slabs.cuh"

namespace mt::matmul {

namespace {

constexpr int BK = 32, STAGES = 4;
constexpr int ROW_TILES = WM / 16, COLUMN_TILES = WN / 8;

template <class T, bool A_ALONG, bool B_ALONG>
using Ring = SlabRing<T, MMA_BM, MMA_BN, BK, A_ALONG, B_ALONG, STAGES, MMA_THREADS>;

// Four 8 x 8 matrices of a slab. Lane 8q + r points at row r of matrix q, which begins at (i, k).
template <class Slab>
__device__ __forceinline__ void load_fragments(std::uint32_t (&r)[4], const Slab& slab, int i,
                                               int k) {
    const int lane_row = threadIdx.x % 8;
    if constexpr (Slab::ALONG)
        ptx::load_matrix(r, slab.at(i + lane_row, k));
    else
        ptx::load_matrix_transposed(r, slab.at(i, k + lane_row));
}

__device__ __forceinline__ void mma(float16, float (&d)[4], const std::uint32_t (&a)[4],
                                    const std::uint32_t (&b)[2]) {
    ptx::mma_f16(d, a, b);
}
__device__ __forceinline__ void mma(bfloat16, float (&d)[4], const std::uint32_t (&a)[4],
                                    const std::uint32_t (&b)[2]) {
    ptx::mma_bf16(d, a, b);
}

template <class T, bool A_ALONG, bool B_ALONG>
__global__ void __launch_bounds__(MMA_THREADS, 2) k12(Arguments<T> p) {
    typedef Ring<T, A_ALONG, B_ALONG> R;
    MT_DYNAMIC_SHARED(typename R::Stage, stages);
    const Tile tile = tile_at<MMA_BM, MMA_BN>(p, blockIdx.x);
    const int row = warp_row(), column = warp_column(), lane = threadIdx.x % 32;
    // The matrix that this lane points into: of a by columns, rows 0, 8 first; of b k 0, 8 first.
    const int low = lane / 8 % 2 * 8, high = lane / 16 * 8;
    float sums[ROW_TILES][COLUMN_TILES][4] = {};
    R::run(p, tile, stages, [&](const typename R::Stage& stage) {
#pragma unroll
        for (int k = 0; k < BK; k += 16) {
            std::uint32_t a[ROW_TILES][4], b[COLUMN_TILES / 2][4];
#pragma unroll
            for (int i = 0; i < ROW_TILES; i++)
                load_fragments(a[i], stage.a, row + i * 16 + low, k + high);
#pragma unroll
            for (int j = 0; j < COLUMN_TILES / 2; j++)
                load_fragments(b[j], stage.b, column + j * 16 + high, k + low);
#pragma unroll
            for (int i = 0; i < ROW_TILES; i++)
#pragma unroll
                for (int j = 0; j < COLUMN_TILES; j++)
                    mma(T(), sums[i][j], a[i], {b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]});
        }
    });
#pragma unroll
    for (int i = 0; i < ROW_TILES; i++)
#pragma unroll
        for (int j = 0; j < COLUMN_TILES; j++)
#pragma unroll
            for (int half = 0; half < 2; half++)
                store_row<2>(p, tile.l, tile.m + row + i * 16 + half * 8 + lane / 4,
                             tile.n + column + j * 8 + lane % 4 * 2, &sums[i][j][half * 2]);
}

std::string supports(const Matmul& p) {
    if (size_of(p.dtype) != 2) return "m16n8k16 is for float16 and bfloat16";
    return supports_majors(p);
}

template <class T>
void run_with(const Matmul& p) {
    by_layout(p, [&](auto a_along, auto b_along) {
        LaunchShape shape{"matmul k12_mma", grid_of_tiles(p, MMA_BM, MMA_BN), dim3(MMA_THREADS),
                          Ring<T, a_along, b_along>::BYTES, p.stream};
        launch(shape, k12<T, a_along, b_along>, typed<T>(p));
    });
}

void run(const Matmul& p) {
    return p.dtype == Dtype::float16 ? run_with<float16>(p) : run_with<bfloat16>(p);
}

}  // namespace

const MatmulRung k12_mma = {
    {"k12_mma", "mma.sync and ldmatrix",
     "float16 or bfloat16; an axis of stride 1 in each operand; compute capability 8.0"},
    supports,
    no_workspace,
    run};

}  // namespace mt::matmul
