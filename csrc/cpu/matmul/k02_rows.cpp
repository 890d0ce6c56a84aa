// Matrix product, rung 2: along the memory.
//
// Idea      Where rows of b lie along memory, four of them times four numbers of a are added to a
//           row of c; where columns do, four of them meet a row of a in four dot products.
//           Either way memory is read once from front to back, in vectors.
// Changed   The order of the loops, several sums at a time, and columns are shared among threads.
// Requires  Nothing. The best where b is read only once or twice: a vector or a few rows times a
//           matrix. With many rows, b comes from memory again for each few of them.
// Launch    A task per entry of the batch and block of columns.
// Reading   add_rows, then block.
#include <algorithm>

#include "common/parallel.hpp"
#include "common/simd.hpp"
#include "cpu/matmul/rungs.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long ROWS = 4;         // of a, that share what is loaded of b
constexpr long BLOCK = 2048;     // columns of a task at most: ROWS rows of them stay in the cache
constexpr long STEPS = 256;      // of a row, that stay beside the registers
constexpr long ALONE = 1 << 18;  // products that are not worth waking a thread

// c[i, 0 .. count) += a[i, 0 .. COUNT) b for all ROWS rows, whose numbers are in `left`; rows
// that are not there repeat the last one.
template <int COUNT, class T>
inline void add_rows(const T (*left)[ROWS], const T* b, long b_step, long count, T* const* c) {
    constexpr long LANES = Simd<T>::LANES;
    long j = 0;
    for (; j + LANES <= count; j += LANES) {
        Vector<T> from[COUNT];
#pragma GCC unroll 4
        for (int k = 0; k < COUNT; k++) from[k] = load(b + k * b_step + j);
#pragma GCC unroll 4
        for (long i = 0; i < ROWS; i++) {
            if (i && c[i] == c[i - 1]) break;
            Vector<T> sum = load(c[i] + j);
#pragma GCC unroll 4
            for (int k = 0; k < COUNT; k++) sum += left[k][i] * from[k];
            store(c[i] + j, sum);
        }
    }
    for (; j < count; j++)
        for (long i = 0; i < ROWS && (i == 0 || c[i] != c[i - 1]); i++)
            for (int k = 0; k < COUNT; k++) c[i][j] += left[k][i] * b[k * b_step + j];
}

template <class T>
void by_rows(const Matmul& p, const T* a, const T* b, long rows, long count, T* c) {
    T* to[ROWS];
    for (long i = 0; i < ROWS; i++) to[i] = c + std::min(i, rows - 1) * p.n;
    for (long k = 0; k < p.k; k += 4) {
        const long steps = std::min(4L, p.k - k);
        T left[4][ROWS];
        for (long s = 0; s < steps; s++)
            for (long i = 0; i < rows; i++) left[s][i] = a[i * p.a_row + (k + s) * p.a_step];
        if (steps == 4)
            add_rows<4>(left, b + k * p.b_step, p.b_step, count, to);
        else
            for (long s = 0; s < steps; s++)
                add_rows<1>(left + s, b + (k + s) * p.b_step, p.b_step, count, to);
    }
}

template <class T>
inline T total(Vector<T> v) {
    T sum = v[0];
    for (int lane = 1; lane < Simd<T>::LANES; lane++) sum += v[lane];
    return sum;
}

// c[l] += sum over k of one[k] from[l][k] for up to ROWS contiguous lines.
template <class T>
inline void add_dots(const T* one, long steps, const T* lines, long stride, long count, T* c,
                     long c_stride) {
    constexpr long LANES = Simd<T>::LANES;
    Vector<T> sums[ROWS] = {};
    const T* from[ROWS];  // lines that are not there repeat the last one
    for (long l = 0; l < ROWS; l++) from[l] = lines + std::min(l, count - 1) * stride;
    long k = 0;
    for (; k + LANES <= steps; k += LANES) {
        const Vector<T> left = load(one + k);
#pragma GCC unroll 4
        for (long l = 0; l < ROWS; l++) sums[l] += left * load(from[l] + k);
    }
    for (long l = 0; l < count; l++) {
        T sum = total<T>(sums[l]);
        for (long rest = k; rest < steps; rest++) sum += one[rest] * from[l][rest];
        c[l * c_stride] += sum;
    }
}

// Columns of b along memory: four of them meet a row of a.
template <class T>
void by_columns(const Matmul& p, const T* a, const T* b, long rows, long count, T* c) {
    T left[ROWS][STEPS];
    for (long k = 0; k < p.k; k += STEPS) {
        const long steps = std::min(STEPS, p.k - k);
        for (long i = 0; i < rows; i++)
            for (long s = 0; s < steps; s++) left[i][s] = a[i * p.a_row + (k + s) * p.a_step];
        for (long j = 0; j < count; j += ROWS)
            for (long i = 0; i < rows; i++)
                add_dots(left[i], steps, b + k + j * p.b_column, p.b_column,
                         std::min(ROWS, count - j), c + i * p.n + j, 1);
    }
}

// Few columns, and rows of a along memory: four of them meet a column of b.
template <class T>
void by_few_columns(const Matmul& p, const T* a, const T* b, long rows, long count, T* c) {
    T column[STEPS];
    for (long j = 0; j < count; j++)
        for (long k = 0; k < p.k; k += STEPS) {
            const long steps = std::min(STEPS, p.k - k);
            for (long s = 0; s < steps; s++) column[s] = b[(k + s) * p.b_step + j * p.b_column];
            add_dots(column, steps, a + k, p.a_row, rows, c + j, p.n);
        }
}

template <class T>
void strided(const Matmul& p, const T* a, const T* b, long rows, long count, T* c) {
    for (long i = 0; i < rows; i++)
        for (long k = 0; k < p.k; k++)
            for (long j = 0; j < count; j++)
                c[i * p.n + j] += a[i * p.a_row + k * p.a_step] * b[k * p.b_step + j * p.b_column];
}

// Rows [i0, i1) and columns [j0, j1) of c.
template <class T>
void block(const Matmul& p, const T* a, const T* b, const Epilogue<T>& epilogue, long i0, long i1,
           long j0, long j1, T* c) {
    b += j0 * p.b_column;
    const auto add = p.n < ROWS && p.a_step == 1 ? by_few_columns<T>
                     : p.b_column == 1           ? by_rows<T>
                     : p.b_step == 1             ? by_columns<T>
                                                 : strided<T>;
    for (long i = i0; i < i1; i += ROWS) {
        const long rows = std::min(ROWS, i1 - i);
        T* to = c + i * p.n + j0;
        for (long row = 0; row < rows && !epilogue.accumulate; row++)
            std::fill(to + row * p.n, to + row * p.n + j1 - j0, T(0));
        add(p, a + i * p.a_row, b, rows, j1 - j0, to);
        for (long row = i; row < i + rows; row++) finish_row(epilogue, row, j0, j1, c + row * p.n);
    }
}

template <class T>
void run(const Matmul& p, int threads, const T* a, const T* b, const Epilogue<T>& epilogue, T* c,
         T*) {
    const long entries = p.entries(), work = p.m * p.n * std::max(1L, p.k);
    const long width = std::clamp((p.n + 63) / 64 * 16, 256L, BLOCK);
    const long strips = (p.n + width - 1) / width;
    // All rows at once, so that b is read once; but where there are few columns, some rows.
    const long height = strips > 1 ? p.m : std::max(ROWS, ALONE / std::max(1L, p.n * p.k));
    const long blocks = (p.m + height - 1) / std::max(1L, height);
    parallel_for(
        entries * blocks * strips, entries * work < ALONE ? 1 : threads, [&](long task, int) {
            const long entry = task / (blocks * strips);
            const long i0 = task / strips % blocks * height, j0 = task % strips * width;
            block(p, a + p.offset(entry, p.a_batch), b + p.offset(entry, p.b_batch), epilogue, i0,
                  std::min(p.m, i0 + height), j0, std::min(p.n, j0 + width), c + entry * p.m * p.n);
        });
}

}  // namespace

template <class T>
MatmulKernels<T> matmul_k02_rows() {
    return {run<T>, [](const Matmul&, int) -> std::size_t { return 0; }};
}

template MatmulKernels<float> matmul_k02_rows();
template MatmulKernels<double> matmul_k02_rows();

}  // namespace mt::MT_ISA
