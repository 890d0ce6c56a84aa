// k01_naive
// Idea:     one block per channel: sum for the mean, again for the variance, a third time to write.
// Requires: nothing.
// Launch:   blocks of 256 threads, one per channel; threads take neighbouring elements of a row.
// Reading:  x is read three times (L2 serves what fits), and few channels leave most of the device
//           idle: 64 blocks for 132 multiprocessors. k02_split has as many blocks as it likes.
#include "cuda/norm/channels.cuh"
#include "cuda/norm/rungs.hpp"

namespace mt::norm {

namespace {

constexpr int THREADS = 256;

template <class T>
__global__ void __launch_bounds__(THREADS) k01_fwd(Arguments<T> a) {
    const long long c = blockIdx.x;
    double sum = 0;
    for (long long j = threadIdx.x; j < a.elements; j += THREADS)
        sum += double(Sum<T>(a.x[a.at(c, j)]));
    const double mean = block_sum<THREADS>(sum) / double(a.elements);
    double squares = 0;
    for (long long j = threadIdx.x; j < a.elements; j += THREADS) {
        const double centred = double(Sum<T>(a.x[a.at(c, j)])) - mean;
        squares += centred * centred;
    }
    const double inv_std = inverse_deviation(block_sum<THREADS>(squares), a.elements, a.epsilon);
    const Forward<T> apply = forward(a, c, mean, inv_std);
    for (long long j = threadIdx.x; j < a.elements; j += THREADS) {
        const long long i = a.at(c, j);
        a.y[i] = apply(a.x[i]);
    }
    if (threadIdx.x == 0) a.mean[c] = T(Sum<T>(mean)), a.inv_std[c] = T(Sum<T>(inv_std));
}

template <class T>
__global__ void __launch_bounds__(THREADS) k01_back(Arguments<T> a) {
    const long long c = blockIdx.x;
    const Sum<T> mean = Sum<T>(a.mean[c]), inv_std = Sum<T>(a.inv_std[c]);
    Gradients mine;
    for (long long j = threadIdx.x; j < a.elements; j += THREADS) {
        const long long i = a.at(c, j);
        mine.add(a.g[i], a.x[i], mean, inv_std);
    }
    Gradients sums;
    sums.g = block_sum<THREADS>(mine.g), sums.gn = block_sum<THREADS>(mine.gn);
    if (threadIdx.x == 0) put(a, c, sums);
    if (!a.dx) return;
    const Backward<T> apply = backward(a, c, sums.g, sums.gn);
    for (long long j = threadIdx.x; j < a.elements; j += THREADS) {
        const long long i = a.at(c, j);
        a.dx[i] = apply(a.g[i], a.x[i]);
    }
}

void run(const Norm& p) {
    by_type(p.dtype, [&](auto type) {
        typedef decltype(type) T;
        const LaunchShape shape{"norm k01_naive", unsigned(p.channels), THREADS, 0, p.stream};
        launch(shape, p.pass == NormPass::fwd ? k01_fwd<T> : k01_back<T>, typed<1, T>(p));
    });
}

std::string supports(const Norm&) {
    return "";
}
std::size_t workspace(const Norm&) {
    return 0;
}

}  // namespace

const NormRung k01_naive = {
    {"k01_naive", "one block per channel, three passes", ""}, supports, workspace, run};

}  // namespace mt::norm
