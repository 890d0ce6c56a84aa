// Softmax and cross-entropy, rung 2: vectors of classes, or of rows.
//
// Idea      The exponential is the work, and vmath.hpp does one per lane at once. A vector holds
//           classes of one row where these lie together, else one class of rows beside each other.
// Changed   Powers are computed once and wait in y for their sum; rows are shared among threads.
// Requires  Nothing.
// Launch    Tasks of rows, of some 16,000 elements each.
// Reading   Row::run, then Rows::run, which is the same with every number a vector.
#include <algorithm>
#include <cmath>
#include <limits>

#include "common/parallel.hpp"
#include "common/partial.hpp"
#include "common/vmath.hpp"
#include "cpu/loss/rungs.hpp"

namespace mt::MT_ISA {
namespace {

// Rows whose classes lie together.
template <class T>
struct Row {
    static constexpr long LANES = Simd<T>::LANES;
    static constexpr T LEAST = -std::numeric_limits<T>::infinity();

    static T largest(const T* x, long classes) {
        Vector<T> most = load_some(x, classes, LEAST);
        for (long c = LANES; c < classes; c += LANES) {
            Vector<T> seen = load_some(x + c, classes - c, LEAST);
            most = seen > most ? seen : most;
        }
        T found = most[0];
        for (long i = 1; i < LANES; i++) found = most[i] > found ? most[i] : found;
        return found;
    }

    // The sum of e^(x - most), each of which is kept in y if there is one.
    static T powers(const T* x, T most, long classes, T* y) {
        Vector<T> sum{};
        for (long c = 0; c < classes; c += LANES) {
            Vector<T> e = vexp<T>(load_some(x + c, classes - c, LEAST) - most);
            if (y) store_some(y + c, e, classes - c);
            // What fills up the last vector is no part of the sum: it may be e^(-inf + inf).
            for (long i = classes - c; i < LANES; i++) e[i] = 0;
            sum += e;
        }
        T total = sum[0];
        for (long i = 1; i < LANES; i++) total += sum[i];
        return total;
    }

    static void run(const Loss<T>& d, long row) {
        const bool keep = d.pass == LossPass::softmax || d.pass == LossPass::back;
        const T* x = d.x + row * d.classes;
        T* y = d.pass == LossPass::entropy ? nullptr : d.y + row * d.classes;
        const T most = largest(x, d.classes);
        const T total = powers(x, most, d.classes, keep ? y : nullptr);
        const long label = d.labels ? d.label(row) : -1;
        if (!y) {
            d.y[row] = label < 0 ? std::numeric_limits<T>::quiet_NaN()
                                 : std::log(total) - (x[label] - most);
            return;
        }
        const T log_total = keep ? 0 : std::log(total), g = d.g ? d.g[row] : 1;
        const T hit = label < 0 ? 0 : (y[label] / total - 1) * g;
        for (long c = 0; c < d.classes; c += LANES) {
            Vector<T> v = load_some(keep ? y + c : x + c, d.classes - c, T(0));
            store_some<T>(y + c, keep ? v / total * g : v - most - log_total, d.classes - c);
        }
        if (label >= 0) y[label] = hit;
    }
};

// `count` rows beside each other, whose classes are d.inner apart; at most as many as a vector has
// lanes.
template <class T>
struct Rows {
    static void run(const Loss<T>& d, long row, long count) {
        const long at = row / d.inner * d.classes * d.inner + row % d.inner;
        const T* x = d.x + at;
        Vector<T> most = load_some(x, count, T(0)), total{};
        for (long c = 1; c < d.classes; c++) {
            Vector<T> seen = load_some(x + c * d.inner, count, T(0));
            most = seen > most ? seen : most;
        }
        const bool keep = d.pass == LossPass::softmax || d.pass == LossPass::back;
        for (long c = 0; c < d.classes; c++) {
            Vector<T> e = vexp<T>(load_some(x + c * d.inner, count, T(0)) - most);
            if (keep) store_some(d.y + at + c * d.inner, e, count);
            total += e;
        }
        const Vector<T> log_total = vlog<T>(total);
        if (d.pass == LossPass::entropy) {
            for (long i = 0; i < count; i++) {
                const long label = d.label(row + i);
                d.y[row + i] = label < 0 ? std::numeric_limits<T>::quiet_NaN()
                                         : log_total[i] - (x[label * d.inner + i] - most[i]);
            }
            return;
        }
        const Vector<T> g = d.g ? load_some(d.g + row, count, T(0)) : Vector<T>{} + T(1);
        for (long c = 0; c < d.classes; c++) {
            T* y = d.y + at + c * d.inner;
            Vector<T> v = load_some(keep ? y : x + c * d.inner, count, T(0));
            if (d.pass == LossPass::back) {
                Vector<T> hit{};
                for (long i = 0; i < count; i++) hit[i] = T(d.label(row + i) == c);
                v = (v / total - hit) * g;
            } else {
                v = keep ? v / total : v - most - log_total;
            }
            store_some(y, v, count);
        }
    }
};

template <class T>
void run(const Loss<T>& d, int threads) {
    if (!d.outer || !d.inner) return;
    const long lanes = d.inner == 1 ? 1 : Simd<T>::LANES;
    const long across = (d.inner + lanes - 1) / lanes, parts = d.outer * across;
    const long per = std::max(1L, 16384 / (d.classes * std::min(lanes, d.inner)));
    parallel_for((parts + per - 1) / per, threads, [&](long task, int) {
        for (long part = task * per; part < std::min(parts, (task + 1) * per); part++) {
            if (d.inner == 1) {
                Row<T>::run(d, part);
                continue;
            }
            long first = part % across * lanes;
            Rows<T>::run(d, part / across * d.inner + first, std::min(lanes, d.inner - first));
        }
    });
}

}  // namespace

template <class T>
LossKernels<T> loss_k02_vectors() {
    return {run<T>};
}

template LossKernels<float> loss_k02_vectors<float>();
template LossKernels<double> loss_k02_vectors<double>();

}  // namespace mt::MT_ISA
