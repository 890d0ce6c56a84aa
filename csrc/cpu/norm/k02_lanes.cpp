// Batch normalisation, rung 2: many sums side by side.
//
// Idea      A sum in one variable waits for its last addition; four vectors of sums, of every
//           sixteenth element each (with AVX2), do not wait for each other.
// Changed   Sums lie side by side: of one channel where its elements lie together, of a strip of
//           channels where the channels do; channels are shared among threads. The arithmetic
//           of each element is in T, its gradient a sum of three products.
// Requires  Nothing; channels of a few elements in a row, but more than one, gain little.
// Launch    Tasks of whole channels, of some 32,000 elements each.
// Reading   sum_all in k02_lanes.hpp, Together::fwd, then what Strip does instead.
#include "cpu/norm/k02_lanes.hpp"

#include <algorithm>
#include <cmath>

#include "common/parallel.hpp"

namespace mt::MT_ISA {
namespace {

// A channel whose elements lie together, in d.outer rows.
template <class T>
struct Together {
    static constexpr long CHANNELS = 1;

    static void fwd(const Norm& d, long c, long, const T* __restrict x, const T* gamma,
                    const T* beta, const T* __restrict add, T* __restrict y, T* mean, T* inv_std) {
        const double m = static_cast<double>(d.outer * d.inner);
        double sum, squares;
        sum_all(d, c, &sum, [=](auto at, long i) { return at(x, i); });
        const T middle = static_cast<T>(sum / m);
        sum_all(d, c, &squares, [=](auto at, long i) {
            auto away = at(x, i) - double(middle);
            return away * away;
        });
        mean[c] = middle, inv_std[c] = static_cast<T>(1 / std::sqrt(squares / m + d.epsilon));
        const T scale = inv_std[c] * (gamma ? gamma[c] : 1), shift = beta ? beta[c] : 0;
        for (long n = 0; n < d.outer; n++) {
            long i = (n * d.channels + c) * d.inner, end = i + d.inner;
            for (; i < end; i++)
                y[i] = ended(d.relu, (x[i] - middle) * scale + shift + (add ? add[i] : T(0)));
        }
    }

    static void back(const Norm& d, long c, long, const NormInputs<T>& in, T* __restrict dx,
                     T* dgamma, T* dbeta) {
        const T *x = in.x, *g = in.g;
        const double mean = in.mean[c];
        double sums[2];
        sum_all(
            d, c, sums, [=](auto at, long i) { return at(g, i) * (at(x, i) - mean); },
            [=](auto at, long i) { return at(g, i); });
        const double along = sums[0] * in.inv_std[c], total = sums[1];
        if (dgamma) dgamma[c] = static_cast<T>(along);
        if (dbeta) dbeta[c] = static_cast<T>(total);
        if (!dx) return;
        const Gradient<T> by(d, in, c, along, total);
        for (long n = 0; n < d.outer; n++) {
            long i = (n * d.channels + c) * d.inner, end = i + d.inner;
            for (; i < end; i++) dx[i] = (x[i] - by.mean) * by.slope + g[i] * by.scale + by.shift;
        }
    }
};

// A strip of `count` channels that lie beside each other, in rows of d.channels.
template <class T>
struct Strip {
    static constexpr long CHANNELS = STRIP;

    // to[t][k] = the sum of terms[t](at, i, k) over the elements i of channel c + k.
    template <class... Terms>
    static void sums(const Norm& d, long c, long count, double (*to)[STRIP],
                     const Terms&... terms) {
        Vector<double> part[sizeof...(Terms)][WAYS] = {};
        for (std::size_t t = 0; t < sizeof...(Terms); t++) std::fill(to[t], to[t] + STRIP, 0.0);
        for (long n = 0, i = c, t; n < d.outer; n++, i += d.channels)
            if (count == STRIP)
#pragma GCC unroll 4
                for (long k = 0; k < WAYS; k++)
                    t = 0, ((part[t++][k] += terms(Several(), i + k * WIDE, k * WIDE)), ...);
            else
                for (long k = 0; k < count; k++)
                    t = 0, ((to[t++][k] += terms(One(), i + k, k)), ...);
        if (count == STRIP) __builtin_memcpy(to, part, sizeof part);
    }

    static void fwd(const Norm& d, long c, long count, const T* __restrict x, const T* gamma,
                    const T* beta, const T* __restrict add, T* __restrict y, T* mean, T* inv_std) {
        const double m = static_cast<double>(d.outer);
        double sum[1][STRIP], squares[1][STRIP];
        T middle[STRIP] = {}, scale[STRIP] = {}, shift[STRIP] = {};
        sums(d, c, count, sum, [=](auto at, long i, long) { return at(x, i); });
        for (long k = 0; k < count; k++) middle[k] = mean[c + k] = static_cast<T>(sum[0][k] / m);
        sums(d, c, count, squares, [x, m = &middle[0]](auto at, long i, long k) {
            auto away = at(x, i) - at(m, k);
            return away * away;
        });
        for (long k = 0; k < count; k++) {
            inv_std[c + k] = static_cast<T>(1 / std::sqrt(squares[0][k] / m + d.epsilon));
            scale[k] = inv_std[c + k] * (gamma ? gamma[c + k] : 1);
            shift[k] = beta ? beta[c + k] : 0;
        }
        for (long n = 0; n < d.outer; n++) {
            const long at = n * d.channels + c;
            for (long k = 0; k < count; k++)
                y[at + k] = ended(d.relu, (x[at + k] - middle[k]) * scale[k] + shift[k] +
                                              (add ? add[at + k] : T(0)));
        }
    }

    static void back(const Norm& d, long c, long count, const NormInputs<T>& in, T* __restrict dx,
                     T* dgamma, T* dbeta) {
        const T *x = in.x, *g = in.g, *mean = in.mean + c;
        double sum[2][STRIP];
        sums(
            d, c, count, sum,
            [=](auto at, long i, long k) { return at(g, i) * (at(x, i) - at(mean, k)); },
            [=](auto at, long i, long) { return at(g, i); });
        T middle[STRIP], slope[STRIP], scale[STRIP], shift[STRIP];
        for (long k = 0; k < count; k++) {
            const double along = sum[0][k] * in.inv_std[c + k], total = sum[1][k];
            if (dgamma) dgamma[c + k] = static_cast<T>(along);
            if (dbeta) dbeta[c + k] = static_cast<T>(total);
            const Gradient<T> by(d, in, c + k, along, total);
            middle[k] = by.mean, slope[k] = by.slope, scale[k] = by.scale, shift[k] = by.shift;
        }
        for (long n = 0; dx && n < d.outer; n++) {
            long i = n * d.channels + c;
            for (long k = 0; k < count; k++)
                dx[i + k] = (x[i + k] - middle[k]) * slope[k] + g[i + k] * scale[k] + shift[k];
        }
    }
};

// body(channel, count) for parts of `step` channels.
template <class Body>
void for_each_part(const Norm& d, int threads, long step, const Body& body) {
    long parts = (d.channels + step - 1) / step, elements = step * d.outer * d.inner + 1;
    constexpr long TASK = 32768;  // elements; waking a thread takes as long as 20,000 do
    long per = elements > TASK ? 1 : TASK / elements;
    parallel_for((parts + per - 1) / per, threads, [&](long task, int) {
        for (long part = task * per; part < std::min(parts, (task + 1) * per); part++)
            body(part * step, std::min(step, d.channels - part * step));
    });
}

template <class T>
void fwd(const Norm& d, int threads, const T* x, const T* gamma, const T* beta, const T* add, T* y,
         T* mean, T* inv_std) {
    bool beside = d.inner == 1 && d.channels > 1;
    auto part = beside ? Strip<T>::fwd : Together<T>::fwd;
    for_each_part(d, threads, beside ? STRIP : 1, [&](long c, long count) {
        part(d, c, count, x, gamma, beta, add, y, mean, inv_std);
    });
}

template <class T>
void back(const Norm& d, int threads, const NormInputs<T>& in, T* dx, T* dgamma, T* dbeta) {
    bool beside = d.inner == 1 && d.channels > 1;
    auto part = beside ? Strip<T>::back : Together<T>::back;
    for_each_part(d, threads, beside ? STRIP : 1,
                  [&](long c, long count) { part(d, c, count, in, dx, dgamma, dbeta); });
}

}  // namespace

template <class T>
NormKernels<T> norm_k02_lanes() {
    return {fwd<T>, back<T>};
}

template NormKernels<float> norm_k02_lanes<float>();
template NormKernels<double> norm_k02_lanes<double>();

}  // namespace mt::MT_ISA
