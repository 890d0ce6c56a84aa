// k03_resident
// Idea:     a channel stays in one block's shared memory: x is read once and y written, no more.
// Changed since k02_split: the second and third pass read shared memory, so global memory moves 2
//           bytes for each byte of x instead of 3 (backwards 3 instead of 5), and one launch does
//           what took three, which is what counts for small layers.
// Requires: channels that fit: 160 KB (96 KB on chips with less) of x, backwards of x and g.
// Launch:   one block of 512 threads per channel, dynamic shared memory for the channel.
// Reading:  a thread reads back only what it wrote itself, so the passes need no barrier but those
//           of the sums, and accesses of 16 bytes in a row have no bank conflicts. With fewer
//           channels than multiprocessors part of the device idles: k02_split may win there.
#include "cuda/norm/channels.cuh"
#include "cuda/norm/rungs.hpp"

namespace mt::norm {

namespace {

constexpr int THREADS = 512;

template <int WIDE, class T>
__global__ void __launch_bounds__(THREADS) k03_fwd(Arguments<T> a) {
    typedef Pack<T, WIDE> Some;
    MT_DYNAMIC_SHARED(Some, kept);
    const long long c = blockIdx.x;
    const int packs = int(a.elements / WIDE);
    double sum = 0;
#pragma unroll 4
    for (int j = threadIdx.x; j < packs; j += THREADS) {
        const Some x = load_pack<WIDE>(a.x + a.template pack_at<WIDE>(c, j));
        kept[j] = x;
#pragma unroll
        for (int e = 0; e < WIDE; e++) sum += double(Sum<T>(x.at[e]));
    }
    const double mean = block_sum<THREADS>(sum) / double(a.elements);
    double squares = 0;
    for (int j = threadIdx.x; j < packs; j += THREADS) {
        const Some x = kept[j];
#pragma unroll
        for (int e = 0; e < WIDE; e++) {
            const double centred = double(Sum<T>(x.at[e])) - mean;
            squares += centred * centred;
        }
    }
    const double inv_std = inverse_deviation(block_sum<THREADS>(squares), a.elements, a.epsilon);
    const Forward<T> apply = forward(a, c, mean, inv_std);
    for (int j = threadIdx.x; j < packs; j += THREADS) {
        Some x = kept[j];
#pragma unroll
        for (int e = 0; e < WIDE; e++) x.at[e] = apply(x.at[e]);
        store_pack(a.y + a.template pack_at<WIDE>(c, j), x);
    }
    if (threadIdx.x == 0) a.mean[c] = T(Sum<T>(mean)), a.inv_std[c] = T(Sum<T>(inv_std));
}

template <int WIDE, class T>
__global__ void __launch_bounds__(THREADS) k03_back(Arguments<T> a) {
    typedef Pack<T, WIDE> Some;
    MT_DYNAMIC_SHARED(Some, kept);  // x, then g
    const long long c = blockIdx.x;
    const int packs = int(a.elements / WIDE);
    const Sum<T> mean = Sum<T>(a.mean[c]), inv_std = Sum<T>(a.inv_std[c]);
    Gradients mine;
#pragma unroll 2
    for (int j = threadIdx.x; j < packs; j += THREADS) {
        const long long i = a.template pack_at<WIDE>(c, j);
        const Some x = load_pack<WIDE>(a.x + i), g = load_pack<WIDE>(a.g + i);
        kept[j] = x, kept[packs + j] = g;
#pragma unroll
        for (int e = 0; e < WIDE; e++) mine.add(g.at[e], x.at[e], mean, inv_std);
    }
    Gradients sums;
    sums.g = block_sum<THREADS>(mine.g), sums.gn = block_sum<THREADS>(mine.gn);
    if (threadIdx.x == 0) put(a, c, sums);
    if (!a.dx) return;
    const Backward<T> apply = backward(a, c, sums.g, sums.gn);
    for (int j = threadIdx.x; j < packs; j += THREADS) {
        const Some x = kept[j], g = kept[packs + j];
        Some dx;
#pragma unroll
        for (int e = 0; e < WIDE; e++) dx.at[e] = apply(g.at[e], x.at[e]);
        store_pack(a.dx + a.template pack_at<WIDE>(c, j), dx);
    }
}

std::size_t bytes_kept(const Norm& p) {
    return std::size_t(p.elements()) * size_of(p.dtype) * (p.pass == NormPass::fwd ? 1 : 2);
}

template <int WIDE, class T>
void run_wide(const Norm& p) {
    const LaunchShape shape{"norm k03_resident", unsigned(p.channels), THREADS, bytes_kept(p),
                            p.stream};
    launch(shape, p.pass == NormPass::fwd ? k03_fwd<WIDE, T> : k03_back<WIDE, T>,
           typed<WIDE, T>(p));
}

void run(const Norm& p) {
    by_type(p.dtype, [&](auto type) {
        typedef decltype(type) T;
        moves_wide(p) ? run_wide<WIDEST<T>, T>(p) : run_wide<1, T>(p);
    });
}

std::string supports(const Norm& p) {
    const int chip = compute_capability();
    const std::size_t most = (chip == 80 || (chip >= 90 && chip < 120) ? 160 : 96) << 10;
    if (p.elements() <= (long long)most && bytes_kept(p) <= most) return "";
    return "a channel of " + std::to_string(p.elements()) + " elements does not fit " +
           std::to_string(most >> 10) + " KB of shared memory";
}
std::size_t workspace(const Norm&) {
    return 0;
}

}  // namespace

const NormRung k03_resident = {
    {"k03_resident", "a channel stays in shared memory, one pass", "channels of at most 160 KB"},
    supports,
    workspace,
    run};

}  // namespace mt::norm
