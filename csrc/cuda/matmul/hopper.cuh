// What the rungs for compute capability 9.0 add to common/hopper.cuh: the maps of the matrices, the
// copies of their slabs, and the way of the sums to y.
#pragma once

#include "cuda/common/hopper.cuh"
#include "cuda/matmul/slabs.cuh"

namespace mt::matmul {

// ---- maps ---------------------------------------------------------------------------------------

// Boxes of 128 bytes by `count` rows of a (columns of b), or by as many k as 128 bytes have.
inline ptx::TensorMap box_map(const Matmul& p, const Matrix& m, bool along, long long count,
                              long long leading, int rows) {
    const int span = 128 / int(size_of(p.dtype));
    TensorView view{p.dtype, m.data, 3, {}, {}};
    view.size[0] = along ? p.K : count, view.size[1] = along ? count : p.K;
    view.size[2] = m.batch ? p.batch : 1;
    view.stride[0] = 1, view.stride[1] = leading, view.stride[2] = m.batch ? m.batch : leading;
    mt::Tile box{{span, along ? rows : span, 1}, Swizzle::b128};
    return ptx::tiled_map(view, box);
}
struct Maps {
    ptx::TensorMap a, b;
    int a_batches, b_batches;  // 0 where one matrix serves all products
};
inline Maps maps_of(const Matmul& p, int rows_of_a, int columns_of_b) {
    const bool a = p.a.row_major(), b = p.b.column_major();
    return {box_map(p, p.a, a, p.M, a ? p.a.row : p.a.column, rows_of_a),
            box_map(p, p.b, b, p.N, b ? p.b.column : p.b.row, columns_of_b), p.a.batch != 0,
            p.b.batch != 0};
}

inline std::string supports_boxes(const Matmul& p) {
    if (compute_capability() != 90) return "wgmma is for compute capability 9.0";
    if (std::string reason = supports_majors(p); !reason.empty()) return reason;
    if (p.K == 0) return "the copy engine has nothing to copy where K is 0";
    const long long grain = 16 / (long long)size_of(p.dtype);
    for (bool is_a : {true, false}) {
        const std::string name = is_a ? "a" : "b";
        const Matrix& m = is_a ? p.a : p.b;
        const long long rows = is_a ? p.M : p.K, columns = is_a ? p.K : p.N;
        const bool by_rows = is_a ? m.row_major() : !m.column_major();
        const long long leading = by_rows ? m.row : m.column, inner = by_rows ? columns : rows;
        if (!aligned16(m.data) || leading % grain || m.batch % grain)
            return name + " is not aligned to 16 bytes in each row, as the copy engine wants it";
        if (leading < inner || m.batch < 0)
            return name + " overlaps itself or goes backwards, which the copy engine can't read";
    }
    return "";
}
inline std::string supports_wgmma_tf32(const Matmul& p) {
    if (p.dtype != Dtype::float32) return "TF32 is a way to multiply float32";
    if (!p.a.row_major() || !p.b.column_major())
        return "wgmma takes TF32 operands only where they are contiguous along k";
    return supports_boxes(p);
}
inline std::string supports_wgmma16(const Matmul& p) {
    if (size_of(p.dtype) != 2) return "this rung is for float16 and bfloat16";
    return supports_boxes(p);
}

// ---- rings --------------------------------------------------------------------------------------

// The ring of common/hopper.cuh, and how a slab of both matrices gets into it.
template <class T, int BM, int BN, bool A_ALONG, bool B_ALONG, int STAGES>
struct BoxRing : mt::BoxRing<T, BM, BN, A_ALONG, B_ALONG, STAGES> {
    // By one thread: starts the copies of a slab of both operands.
    __device__ __forceinline__ void load(int stage, const Maps& maps, const Tile& tile,
                                         long long k) {
        std::uint64_t* barrier = this->expect(stage);
        this->a[stage].load(maps.a_batches * tile.l, tile.m, k, [&](T* to, const int (&at)[3]) {
            ptx::tensor_load(to, maps.a, barrier, at);
        });
        this->b[stage].load(maps.b_batches * tile.l, tile.n, k, [&](T* to, const int (&at)[3]) {
            ptx::tensor_load(to, maps.b, barrier, at);
        });
    }
};

// ---- sums ---------------------------------------------------------------------------------------

// Stores a warpgroup's 64 rows of sums from (m, n) on; wgmma.cuh says which thread holds what.
template <class T, int D>
__device__ __forceinline__ void store_sums(const Arguments<T>& p, long long l, long long m,
                                           long long n, const float (&d)[D]) {
    const int lane = threadIdx.x % 32, row = threadIdx.x % 128 / 32 * 16 + lane / 4;
#pragma unroll
    for (int i = 0; i < D; i += 2)
        store_row<2>(p, l, m + row + i / 2 % 2 * 8, n + i / 4 * 8 + lane % 4 * 2, &d[i]);
}

// Calls run(T(), a_along, b_along) for a product of 16-bit arrays.
template <class Run>
void by_type16_and_layout(const Matmul& p, Run run) {
    by_layout(p, [&](auto a_along, auto b_along) {
        p.dtype == Dtype::float16 ? run(float16(), a_along, b_along)
                                  : run(bfloat16(), a_along, b_along);
    });
}

}  // namespace mt::matmul
