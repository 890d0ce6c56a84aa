// Matrix product, rung 3: register tiles on packed operands.
//
// Idea      Both operands are copied into panels that a tile (cpu/tile.hpp) reads from front to
//           back, a few hundred steps at a time, so that what is loaded comes from the nearest
//           cache and is used for six rows or two vectors of columns.
// Changed   Each number of b that is loaded serves MR rows, each of a NR columns; the cost of
//           copying is of a lower order. It also makes all strides alike.
// Requires  Nothing; below some rows or columns tiles are mostly empty.
// Launch    One product: a task per block of c (Cut in cpu/product.hpp). A batch of small ones:
//           a task per few entries, each done whole.
// Reading   cpu/product.hpp from the end: product, product_block.
#include "cpu/product.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long LARGE = 1 << 22;  // multiplications from which one entry is work for all threads
constexpr long RUN = 1 << 20;    // about so many of them make a task of small entries

Product whole(const Matmul& p) {
    const long n = std::max(1L, p.n), k = std::max(1L, p.k);
    return {p.m, {p.n, n}, {p.k, k}, p.a_row, p.a_step, 0, p.b_step, 0, p.b_column, 0, p.n, 0};
}

bool one_by_one(const Matmul& p) {
    return p.entries() == 1 || p.m * p.n * p.k >= LARGE;
}

template <class T>
std::size_t scratch(const Matmul& p, int threads) {
    if (p.k == 0) return 0;
    const std::size_t alone = product_scratch<T>(whole(p), 1);
    return one_by_one(p) ? product_scratch<T>(whole(p), threads) : threads * alone;
}

// Sums of nothing.
template <class T>
void clear(const Matmul& p, const Epilogue<T>& epilogue, T* c) {
    for (long row = 0; row < p.entries() * p.m; row++, c += p.n) {
        if (!epilogue.accumulate) std::fill(c, c + p.n, T(0));
        finish_row(epilogue, row % p.m, 0, p.n, c);
    }
}

template <class T>
void run(const Matmul& p, int threads, const T* a, const T* b, const Epilogue<T>& epilogue, T* c,
         T* scratch) {
    if (p.m == 0 || p.n == 0) return;
    if (p.k == 0) return clear(p, epilogue, c);
    const Product each = whole(p);
    const long entries = p.entries(), work = p.m * p.n * p.k;
    auto entry = [&](long e, int count, T* memory) {
        product(each, count, a + p.offset(e, p.a_batch), b + p.offset(e, p.b_batch), epilogue,
                c + e * p.m * p.n, memory);
    };
    if (one_by_one(p)) {
        for (long e = 0; e < entries; e++) entry(e, threads, scratch);
        return;
    }
    const long run = std::max(1L, RUN / work), tasks = (entries + run - 1) / run;
    const long room = product_scratch<T>(each, 1);
    parallel_for(tasks, threads, [&](long task, int worker) {
        for (long e = task * run; e < std::min(entries, (task + 1) * run); e++)
            entry(e, 1, scratch + worker * room);
    });
}

}  // namespace

template <class T>
MatmulKernels<T> matmul_k03_packed() {
    return {run<T>, scratch<T>};
}

template MatmulKernels<float> matmul_k03_packed();
template MatmulKernels<double> matmul_k03_packed();

}  // namespace mt::MT_ISA
