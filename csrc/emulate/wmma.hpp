// nvcuda::wmma, as <mma.h> has it. Which lane holds which element CUDA does not say, and here it is
// what no hardware does: element e = 32 i + lane of a matrix is x[i] of its lane. Fragments of
// 16-bit operands hold each element twice, as they do on hardware.
#pragma once

#include "emulate/mma.hpp"

namespace nvcuda::wmma {

struct row_major {};
struct col_major {};
struct matrix_a {};
struct matrix_b {};
struct accumulator {};
enum layout_t { mem_row_major, mem_col_major };
namespace precision {
struct tf32 {};
}  // namespace precision

namespace detail {

// What a fragment's element is stored as, and what the product reads of it.
template <class T>
struct Element {
    typedef T stored;
    static double read(T x) { return double(float(x)); }
};
template <>
struct Element<double> {
    typedef double stored;
    static double read(double x) { return x; }
};
template <>
struct Element<precision::tf32> {
    typedef float stored;
    static double read(float x) { return mt::emu::truncate_tf32(x); }
};

template <class T>
constexpr int COPIES = sizeof(T) == 2 ? 2 : 1;

inline float rounded(double exact, float) {
    return mt::emu::round_to_zero(exact);
}
inline double rounded(double exact, double) {
    return exact;
}
inline half rounded(double exact, half) {
    return half(float(exact));
}

}  // namespace detail

template <class Use, int M, int N, int K, class T, class Layout = void>
struct fragment {
    typedef typename detail::Element<T>::stored element_type;
    static constexpr int rows = std::is_same_v<Use, matrix_b> ? K : M;
    static constexpr int columns = std::is_same_v<Use, matrix_a> ? K : N;
    static constexpr int copies =
        std::is_same_v<Use, accumulator> ? 1 : detail::COPIES<element_type>;
    static constexpr int num_elements = rows * columns / 32 * copies;
    element_type x[num_elements];
};

template <class Use, int M, int N, int K, class T, class Layout, class V>
void fill_fragment(fragment<Use, M, N, K, T, Layout>& f, const V& value) {
    for (auto& x : f.x) x = typename fragment<Use, M, N, K, T, Layout>::element_type(value);
}

inline float __float_to_tf32(float x) {
    return mt::ptx::to_tf32(x);
}

namespace detail {

// Checks what the lanes must agree on, as one.
template <class T>
void agree(const char* what, const T* p, unsigned step, mt::emu::Where where) {
    struct Call {
        const void* p;
        unsigned step;
        mt::emu::Where where;
    } mine{p, step, where};
    if (step * sizeof(T) % 16)
        mt::emu::fail(where, "%s needs rows that are multiples of 16 bytes apart, got %u elements",
                      what, step);
    mt::emu::require_aligned(p, 32, what, where);
    mt::emu::whole_warp(
        what, &mine,
        [](void** calls, unsigned) {
            auto* first = static_cast<Call*>(calls[0]);
            for (int l = 1; l < 32; l++) {
                auto* call = static_cast<Call*>(calls[l]);
                if (call->p != first->p || call->step != first->step)
                    mt::emu::fail(call->where, "the lanes give different matrices to wmma");
            }
        },
        where);
}

// Calls move(x[i], offset in memory) for each element that this lane holds.
template <class Fragment, class Move>
void for_each_element(Fragment& f, unsigned step, bool by_rows, Move move) {
    constexpr int count = Fragment::rows * Fragment::columns;
    for (int i = 0; i < Fragment::num_elements; i++) {
        int e = (32 * i + mt::emu::lane()) % count;
        std::size_t row = e / Fragment::columns, column = e % Fragment::columns;
        move(f.x[i], by_rows ? row * step + column : column * step + row);
    }
}

}  // namespace detail

template <class Use, int M, int N, int K, class T, class Layout, class P>
void load_matrix_sync(fragment<Use, M, N, K, T, Layout>& f, const P* p, unsigned step, MT_HERE) {
    detail::agree("wmma::load_matrix_sync", p, step, where);
    detail::for_each_element(f, step, std::is_same_v<Layout, row_major>,
                             [p](auto& x, std::size_t at) { x = p[at]; });
}
template <int M, int N, int K, class T>
void load_matrix_sync(fragment<accumulator, M, N, K, T>& f, const T* p, unsigned step,
                      layout_t layout, MT_HERE) {
    detail::agree("wmma::load_matrix_sync", p, step, where);
    detail::for_each_element(f, step, layout == mem_row_major,
                             [p](auto& x, std::size_t at) { x = p[at]; });
}
template <int M, int N, int K, class T>
void store_matrix_sync(T* p, const fragment<accumulator, M, N, K, T>& f, unsigned step,
                       layout_t layout, MT_HERE) {
    detail::agree("wmma::store_matrix_sync", p, step, where);
    detail::for_each_element(f, step, layout == mem_row_major,
                             [p](const auto& x, std::size_t at) { p[at] = x; });
}

// d = a b + c
template <int M, int N, int K, class T, class LA, class LB, class C>
void mma_sync(fragment<accumulator, M, N, K, C>& d, const fragment<matrix_a, M, N, K, T, LA>& a,
              const fragment<matrix_b, M, N, K, T, LB>& b,
              const fragment<accumulator, M, N, K, C>& c, MT_HERE) {
    struct Call {
        fragment<accumulator, M, N, K, C>* d;
        const fragment<matrix_a, M, N, K, T, LA>* a;
        const fragment<matrix_b, M, N, K, T, LB>* b;
        const fragment<accumulator, M, N, K, C>* c;
    } mine{&d, &a, &b, &c};
    mt::emu::whole_warp(
        "wmma::mma_sync", &mine,
        [](void** calls, unsigned) {
            auto lane = [&](int l) { return static_cast<Call*>(calls[l]); };
            typedef detail::Element<T> Read;
            double rows[M][K], columns[N][K];
            for (int e = 0; e < M * K; e++)
                rows[e / K][e % K] = Read::read(lane(e % 32)->a->x[e / 32]);
            for (int e = 0; e < K * N; e++)
                columns[e % N][e / N] = Read::read(lane(e % 32)->b->x[e / 32]);
            for (int e = 0; e < M * N; e++) {
                double sum = double(lane(e % 32)->c->x[e / 32]);
                for (int k = 0; k < K; k++) sum += rows[e / N][k] * columns[e % N][k];
                lane(e % 32)->d->x[e / 32] = detail::rounded(sum, C());
            }
        },
        where);
}

}  // namespace nvcuda::wmma
