// nvcuda::wmma: y = a b for one fragment's tile, a and b each by rows or by columns.
#include "cuda/common/cuda.cuh"
#include "cuda/probe/probes.hpp"

namespace mt::probe {

namespace {

namespace wmma = nvcuda::wmma;
constexpr int WARP = 32;

template <class T>
__device__ void round_all(T&) {}
template <class Use, int M, int N, int K, class Layout>
__device__ void round_all(wmma::fragment<Use, M, N, K, wmma::precision::tf32, Layout>& f) {
    for (int i = 0; i < f.num_elements; i++) f.x[i] = wmma::__float_to_tf32(f.x[i]);
}

template <class T, class Stored, class Sum, int M, int N, int K, class A, class B>
__device__ void multiply(const Stored* a, const Stored* b, Sum* y) {
    constexpr bool A_ROWS = std::is_same<A, wmma::row_major>::value;
    constexpr bool B_ROWS = std::is_same<B, wmma::row_major>::value;
    wmma::fragment<wmma::matrix_a, M, N, K, T, A> fa;
    wmma::fragment<wmma::matrix_b, M, N, K, T, B> fb;
    wmma::fragment<wmma::accumulator, M, N, K, Sum> sum;
    wmma::fill_fragment(sum, Sum(0));
    wmma::load_matrix_sync(fa, a, A_ROWS ? K : M);
    wmma::load_matrix_sync(fb, b, B_ROWS ? N : K);
    round_all(fa);
    round_all(fb);
    wmma::mma_sync(sum, fa, fb, sum);
    wmma::store_matrix_sync(y, sum, N, wmma::mem_row_major);
}

template <class T, class Stored, class Sum, int M, int N, int K>
__global__ void __launch_bounds__(WARP)
    kernel(const Stored* a, const Stored* b, Sum* y, int a_rows, int b_rows) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
    typedef wmma::row_major R;
    typedef wmma::col_major C;
    if (a_rows && b_rows) multiply<T, Stored, Sum, M, N, K, R, R>(a, b, y);
    if (a_rows && !b_rows) multiply<T, Stored, Sum, M, N, K, R, C>(a, b, y);
    if (!a_rows && b_rows) multiply<T, Stored, Sum, M, N, K, C, R>(a, b, y);
    if (!a_rows && !b_rows) multiply<T, Stored, Sum, M, N, K, C, C>(a, b, y);
#endif
}

// One kind of fragment: its row of the table.
template <class T, class Stored, class Sum, int M, int N, int K>
struct Kind {
    static std::string refuses(const Probe& p) {
        constexpr int operand = sizeof(Stored), sum = sizeof(Sum);
        return wants(p, {M * K * operand, K * N * operand}, M * N * sum, 2);
    }
    static void run(const Probe& p) {
        launch(LaunchShape{"probe wmma", dim3(1), dim3(WARP), 0, p.stream},
               kernel<T, Stored, Sum, M, N, K>, static_cast<const Stored*>(p.in[0].data),
               static_cast<const Stored*>(p.in[1].data), static_cast<Sum*>(p.out.data), p.number[0],
               p.number[1]);
    }
    static ProbeRow row(const char* name, const char* what) {
        return {name, what, 80, 999, refuses, run};
    }
};

}  // namespace

const ProbeRow wmma_f16 = Kind<float16, float16, float, 16, 16, 16>::row(
    "wmma_f16", "y (16, 16) = a (16, 16) b (16, 16) in float16; numbers: is a, is b by rows");
const ProbeRow wmma_bf16 = Kind<bfloat16, bfloat16, float, 16, 16, 16>::row(
    "wmma_bf16", "y (16, 16) = a (16, 16) b (16, 16) in bfloat16; numbers: is a, is b by rows");
const ProbeRow wmma_tf32 = Kind<wmma::precision::tf32, float, float, 16, 16, 8>::row(
    "wmma_tf32", "y (16, 16) = a (16, 8) b (8, 16) in tf32; numbers: is a, is b by rows");
const ProbeRow wmma_f64 = Kind<double, double, double, 8, 8, 4>::row(
    "wmma_f64", "y (8, 8) = a (8, 4) b (4, 8) in float64; numbers: is a, is b by rows");

}  // namespace mt::probe
