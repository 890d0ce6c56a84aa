// Local response normalisation, rung 2: strips of places.
//
// Idea      Places beside each other are a vector. A strip of them, through all channels, stays in
//           the first-level cache, so the sums over channels read it from there.
// Changed   Powers are exp(-beta log s), or for beta = 3/4 two square roots, of vectors; the
//           gradient computes every term of its sums once; strips are shared among threads.
// Requires  Nothing; fewer places than a vector has lanes leave lanes empty.
// Launch    Tasks of strips, of some 16,000 elements each.
// Reading   fwd_strip, back_strip.
#include <cmath>

#include "common/parallel.hpp"
#include "common/partial.hpp"
#include "common/scratch.hpp"
#include "common/vmath.hpp"
#include "cpu/response/rungs.hpp"

namespace mt::MT_ISA {
namespace {

template <class T>
constexpr long STRIP = 8 * Simd<T>::LANES;  // places

template <class T>
inline Vector<T> square_root(Vector<T> v) {
    for (long i = 0; i < Simd<T>::LANES; i++) v[i] = std::sqrt(v[i]);
    return v;
}

// s^-beta
template <class T>
inline Vector<T> power(Vector<T> s, T beta) {
    if (beta == T(0.75)) {
        const Vector<T> root = square_root<T>(s);
        return T(1) / (root * square_root<T>(root));
    }
    return vexp<T>(vlog<T>(s) * -beta);
}

// s of `count` places of channel c; x is where channel 0 has them.
template <class T>
inline Vector<T> scale(const Response<T>& d, const T* x, long c, long count) {
    Vector<T> sum{};
    const Around around(d, c);
    for (long j = around.begin; j < around.end; j++) {
        const Vector<T> v = load_some(x + j * d.inner, count, T(0));
        sum += v * v;
    }
    return sum * static_cast<T>(d.alpha) + static_cast<T>(d.k);
}

// `width` places of all channels, at `at` of channel 0.
template <class T>
void fwd_strip(const Response<T>& d, long at, long width, T*) {
    for (long c = 0; c < d.channels; c++)
        for (long i = 0; i < width; i += Simd<T>::LANES) {
            const long here = at + c * d.inner + i, count = width - i;
            const Vector<T> s = scale(d, d.x + at + i, c, count);
            const Vector<T> x = load_some(d.x + here, count, T(0));
            store_some<T>(d.y + here, x * power<T>(s, T(d.beta)), count);
        }
}

// `terms` holds g x s^(-beta - 1) of all channels, in rows of a strip.
template <class T>
void back_strip(const Response<T>& d, long at, long width, T* terms) {
    for (long c = 0; c < d.channels; c++)
        for (long i = 0; i < width; i += Simd<T>::LANES) {
            const long here = at + c * d.inner + i, count = width - i;
            const Vector<T> s = scale(d, d.x + at + i, c, count);
            const Vector<T> x = load_some(d.x + here, count, T(0));
            const Vector<T> own = load_some(d.g + here, count, T(0)) * power<T>(s, T(d.beta));
            store<T>(terms + c * STRIP<T> + i, own * x / s);
            store_some<T>(d.y + here, own, count);
        }
    const T factor = static_cast<T>(2 * d.alpha * d.beta);
    for (long c = 0; c < d.channels; c++)
        for (long i = 0; i < width; i += Simd<T>::LANES) {
            const long here = at + c * d.inner + i, count = width - i;
            Vector<T> sum{};
            const Around around(d, c);
            for (long j = around.begin; j < around.end; j++) sum += load(terms + j * STRIP<T> + i);
            const Vector<T> x = load_some(d.x + here, count, T(0));
            const Vector<T> own = load_some(d.y + here, count, T(0));
            store_some<T>(d.y + here, own - x * sum * factor, count);
        }
}

// Scratch memory is for one strip: a term per channel and place.
template <class T>
void run(const Response<T>& d, int threads, void (*strip)(const Response<T>&, long, long, T*),
         bool terms) {
    const long across = (d.inner + STRIP<T> - 1) / STRIP<T>, strips = d.outer * across;
    const long per = std::max(1L, 16384 / (std::max(1L, d.channels) * STRIP<T>));
    parallel_for((strips + per - 1) / per, threads, [&](long task, int) {
        T* room = terms ? thread_scratch().reserve<T>(d.channels * STRIP<T>) : nullptr;
        for (long i = task * per; i < std::min(strips, (task + 1) * per); i++) {
            const long first = i % across * STRIP<T>;
            strip(d, i / across * d.channels * d.inner + first, std::min(STRIP<T>, d.inner - first),
                  room);
        }
    });
}

template <class T>
void fwd(const Response<T>& d, int threads) {
    run(d, threads, fwd_strip<T>, false);
}

template <class T>
void back(const Response<T>& d, int threads) {
    run(d, threads, back_strip<T>, true);
}

}  // namespace

template <class T>
ResponseKernels<T> response_k02_strips() {
    return {fwd<T>, back<T>};
}

template ResponseKernels<float> response_k02_strips<float>();
template ResponseKernels<double> response_k02_strips<double>();

}  // namespace mt::MT_ISA
