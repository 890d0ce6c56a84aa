// Sums, in pieces.
//
// Idea      Where the summed axis is the fast one, a row at a time in several vectors of partial
// sums;
//           where a kept axis is, a block of results at a time, row by row beside each other.
//           Either reads memory in its order, and both end a piece after 1024 additions.
// Changed   Nothing, this is the ground.
// Requires  Nothing.
// Launch    A task per result or block of results, and per part of a sum that is long while the
//           results are few; parts are cut by the shape alone and added in order.
// Reading   row_sum and add_rows; then run, which chooses.
#include <algorithm>
#include <vector>

#include "common/parallel.hpp"
#include "common/scratch.hpp"
#include "common/simd.hpp"
#include "cpu/reduce/reduce.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long PIECE = 1024;     // elements that are summed in T
constexpr long BLOCK = 128;      // results beside each other
constexpr long PART = 1 << 15;   // elements that are worth a task
constexpr long ALONE = 1 << 15;  // so few are not worth waking threads for

template <class T>
double row_sum(const T* x, long n, long stride) {
    constexpr int LANES = Simd<T>::LANES;
    double total = 0;
    for (long begin = 0; begin < n; begin += PIECE) {
        const long end = std::min(n, begin + PIECE);
        T sum = 0;
        long i = begin;
        if (stride == 1) {
            Vector<T> a{}, b{}, c{}, d{};
            for (; i + 4 * LANES <= end; i += 4 * LANES)
                a += load(x + i), b += load(x + i + LANES), c += load(x + i + 2 * LANES),
                    d += load(x + i + 3 * LANES);
            a = (a + b) + (c + d);
            for (; i + LANES <= end; i += LANES) a += load(x + i);
            for (int lane = 0; lane < LANES; lane++) sum += a[lane];
        }
        for (; i < end; i++) sum += x[i * stride];
        total += sum;
    }
    return total;
}

// The sum of elements [first, first + n) of the summed index space, for one result.
template <class T>
double rows_sum(const Axes& summed, const T* x, long first, long n) {
    if (summed.count == 0) return n ? double(*x) : 0.0;
    const int last = summed.count - 1;
    const long length = summed.lengths[last], stride = summed.strides[last];
    double total = 0;
    for (long done = 0; done < n;) {
        long at = (first + done) % length, run = std::min(length - at, n - done);
        total += row_sum(x + summed.offset(first + done), run, stride);
        done += run;
    }
    return total;
}

// to[j] += the same for `width` results beside each other.
template <class T>
void add_rows(const Axes& summed, const T* x, long first, long n, long width, double* to) {
    T sums[BLOCK];
    for (long begin = first; begin < first + n; begin += PIECE) {
        const long end = std::min(first + n, begin + PIECE);
        std::fill(sums, sums + width, T(0));
        for (long i = begin; i < end; i++) {
            const T* row = x + summed.offset(i);
            for (long j = 0; j < width; j++) sums[j] += row[j];
        }
        for (long j = 0; j < width; j++) to[j] += sums[j];
    }
}

template <class T>
void run(const Sum& s, double divisor, int threads, const T* x, T* y) {
    const long results = s.kept.size(), count = s.summed.size();
    if (results == 0) return;
    const int last = s.kept.count - 1;
    const bool beside = last >= 0 && s.kept.strides[last] == 1 && s.kept.lengths[last] > 1;
    const long width = beside ? std::min(BLOCK, s.kept.lengths[last]) : 1;
    const long per_row = beside ? (s.kept.lengths[last] + width - 1) / width : 1;
    const long blocks = beside ? results / s.kept.lengths[last] * per_row : results;
    const long wanted = std::max(1L, 16 / blocks);
    const long parts = std::clamp(count * width / PART, 1L, wanted);
    const long per_part = (count + parts - 1) / parts;
    if (results * count <= ALONE) threads = 1;
    double* sums = thread_scratch().reserve<double>(parts * results);
    std::fill(sums, sums + parts * results, 0.0);
    // Several results of little work each are one task.
    const long together = std::max(1L, PART / 4 / std::max(1L, std::min(count, per_part) * width));
    const long tasks = (blocks + together - 1) / together;
    parallel_for(parts * tasks, threads, [&](long task, int) {
        const long part = task / tasks, begin = task % tasks * together;
        const long first = part * per_part, n = std::min(count - first, per_part);
        if (n <= 0) return;
        for (long b = begin; b < std::min(blocks, begin + together); b++) {
            long at = b;
            if (beside) at = b / per_row * s.kept.lengths[last] + b % per_row * width;
            double* to = sums + part * results + at;
            const T* from = x + s.kept.offset(at);
            if (beside)
                add_rows(s.summed, from, first, n,
                         std::min(width, s.kept.lengths[last] - b % per_row * width), to);
            else
                *to = rows_sum(s.summed, from, first, n);
        }
    });
    for (long i = 0; i < results; i++) {
        double total = sums[i];
        for (long part = 1; part < parts; part++) total += sums[part * results + i];
        // Rounded before it is divided, as a sum and a division of T are.
        y[i] = divisor == 1 ? T(total) : T(total) / T(divisor);
    }
}

const ReduceRung RUNGS[] = {
    {"k01_pieces",
     "pieces of 1024 in vectors, their sums in double",
     "",
     {run<float>, run<double>}},
};

}  // namespace

ReduceTable reduce_table() {
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
