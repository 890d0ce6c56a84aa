// k02_split
// Idea:     many blocks per channel, mean and variance in one pass over x.
// Changed since k01_naive: a channel is split among blocks, as many as fill the device; each leaves
//           its moments (count, mean, sum of squares about that mean) in the workspace, and a warp
//           per channel merges them in a fixed order (Chan, Golub, LeVeque: Updating formulae and a
//           pairwise algorithm for computing sample variances, 1979). That is as accurate as two
//           passes and reads x once; writing y reads it a second time, in accesses of 16 bytes.
// Requires: fewer than 2^31 elements.
// Launch:   moments: channels x splits blocks of 256 threads, four packs per thread and step;
//           merge: blocks of 8 warps, one channel each; apply: one pack per thread.
// Reading:  fwd moves 3 bytes for each byte of x, the least there is unless x stays on the chip
//           (k03_resident). Arithmetic in float64 costs nothing where memory is the limit: some
//           four operations per element, on a device with half of float32's rate.
#include "cuda/norm/channels.cuh"
#include "cuda/norm/moments.cuh"
#include "cuda/norm/rungs.hpp"

namespace mt::norm {

namespace {

constexpr int THREADS = 256, EACH = 4, MERGE_WARPS = 8, MOST_SPLITS = 128;
static_assert(EACH >= 2, "one load under way per thread would not fill the memory's pipe");

template <int WIDE, class T>
__global__ void __launch_bounds__(THREADS) moments(Arguments<T> a, int splits, Moments* parts) {
    const long long c = blockIdx.x / splits;
    const int step = splits * THREADS, packs = int(a.elements / WIDE);
    Moments mine;
    for (long long j = blockIdx.x % splits * THREADS + threadIdx.x; j < packs; j += EACH * step) {
        Pack<T, WIDE> some[EACH];
        int count = 0;
#pragma unroll
        for (int e = 0; e < EACH; e++)
            if (j + e * step < packs) {
                const int place = int(j) + e * step;
                some[e] = load_pack<WIDE>(a.x + a.template pack_at<WIDE>(c, place));
                count += WIDE;
            }
        Moments these;
        these.count = count;
#pragma unroll
        for (int e = 0; e < EACH * WIDE; e++)
            if (e < count) these.mean += double(Sum<T>(some[e / WIDE].at[e % WIDE]));
        these.mean /= double(count);
#pragma unroll
        for (int e = 0; e < EACH * WIDE; e++)
            if (e < count) {
                const double centred = double(Sum<T>(some[e / WIDE].at[e % WIDE])) - these.mean;
                these.squares += centred * centred;
            }
        mine = merge(mine, these);
    }
    MT_SHARED(Moments[THREADS / 32], warps);
    mine = warp_merge(mine);
    if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = mine;
    __syncthreads();
    if (threadIdx.x != 0) return;
    for (int warp = 1; warp < THREADS / 32; warp++) mine = merge(mine, warps[warp]);
    parts[blockIdx.x] = mine;
}

// Merges the parts of a channel into its first one: mean and, in `squares`, inv_std.
template <class T>
__global__ void __launch_bounds__(MERGE_WARPS * 32)
    merge_moments(Arguments<T> a, int splits, Moments* parts) {
    const long long c = blockIdx.x * (long long)MERGE_WARPS + threadIdx.x / 32;
    if (c >= a.channels) return;
    Moments all;
    for (int s = threadIdx.x % 32; s < splits; s += 32) all = merge(all, parts[c * splits + s]);
    all = warp_merge(all);
    if (threadIdx.x % 32 != 0) return;
    all.squares = inverse_deviation(all.squares, a.elements, a.epsilon);
    a.mean[c] = T(Sum<T>(all.mean)), a.inv_std[c] = T(Sum<T>(all.squares));
    parts[c * splits] = all;
}

template <int WIDE, class T>
__global__ void __launch_bounds__(THREADS) sums(Arguments<T> a, int splits, Gradients* parts) {
    const long long c = blockIdx.x / splits;
    const long long packs = a.elements / WIDE;
    const Sum<T> mean = Sum<T>(a.mean[c]), inv_std = Sum<T>(a.inv_std[c]);
    Gradients mine;
#pragma unroll 2
    for (long long j = blockIdx.x % splits * THREADS + threadIdx.x; j < packs;
         j += splits * THREADS) {
        const long long i = a.template pack_at<WIDE>(c, int(j));
        const Pack<T, WIDE> g = load_pack<WIDE>(a.g + i), x = load_pack<WIDE>(a.x + i);
#pragma unroll
        for (int e = 0; e < WIDE; e++) mine.add(g.at[e], x.at[e], mean, inv_std);
    }
    mine.g = block_sum<THREADS>(mine.g), mine.gn = block_sum<THREADS>(mine.gn);
    if (threadIdx.x == 0) parts[blockIdx.x] = mine;
}

template <class T>
__global__ void __launch_bounds__(MERGE_WARPS * 32)
    merge_sums(Arguments<T> a, int splits, Gradients* parts) {
    const long long c = blockIdx.x * (long long)MERGE_WARPS + threadIdx.x / 32;
    if (c >= a.channels) return;
    Gradients all;
    for (int s = threadIdx.x % 32; s < splits; s += 32)
        all.g += parts[c * splits + s].g, all.gn += parts[c * splits + s].gn;
    all.g = warp_sum(all.g), all.gn = warp_sum(all.gn);
    if (threadIdx.x % 32 != 0) return;
    put(a, c, all);
    parts[c * splits] = all;
}

// `inner` and `channels` divide the number of a pack.
template <int WIDE, class T, class Part>
__global__ void __launch_bounds__(THREADS) apply(Arguments<T> a, int splits, const Part* parts,
                                                 int packs, Divider inner, Divider channels) {
    const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
    if (i >= packs) return;
    int rest = inner.quotient(int(i));
    const int c = channels.split(rest);
    const Part part = parts[(long long)c * splits];
    const Pack<T, WIDE> x = load_pack<WIDE>(a.x + i * WIDE);
    Pack<T, WIDE> out;
    if constexpr (sizeof(Part) == sizeof(Moments)) {
        const Forward<T> one = forward(a, c, part.mean, part.squares);
#pragma unroll
        for (int e = 0; e < WIDE; e++) out.at[e] = one(x.at[e]);
        store_pack(a.y + i * WIDE, out);
    } else {
        const Pack<T, WIDE> g = load_pack<WIDE>(a.g + i * WIDE);
        const Backward<T> one = backward(a, c, part.g, part.gn);
#pragma unroll
        for (int e = 0; e < WIDE; e++) out.at[e] = one(g.at[e], x.at[e]);
        store_pack(a.dx + i * WIDE, out);
    }
}

// Blocks per channel: enough for eight on each multiprocessor, while each has work.
int splits_of(const Norm& p) {
    const long long wanted = blocks_for(8ll * multiprocessors(), p.channels);
    const long long useful = blocks_for(p.elements(), 4ll * THREADS * EACH);
    return int(std::max(1ll, std::min({wanted, useful, (long long)MOST_SPLITS})));
}

template <int WIDE, class T>
void run_wide(const Norm& p) {
    const Arguments<T> a = typed<WIDE, T>(p);
    const int splits = splits_of(p), packs = int(p.channels * p.elements() / WIDE);
    const unsigned parts = unsigned(p.channels * splits);
    const LaunchShape first{"norm k02_split", parts, THREADS, 0, p.stream};
    const LaunchShape second{"norm k02_split merge", blocks_for(p.channels, MERGE_WARPS),
                             MERGE_WARPS * 32, 0, p.stream};
    const LaunchShape third{"norm k02_split apply", blocks_for(packs, THREADS), THREADS, 0,
                            p.stream};
    const Divider inner(a.inner), channels(p.channels);
    if (p.pass == NormPass::fwd) {
        auto* work = static_cast<Moments*>(p.workspace);
        launch(first, moments<WIDE, T>, a, splits, work);
        launch(second, merge_moments<T>, a, splits, work);
        launch(third, apply<WIDE, T, Moments>, a, splits, work, packs, inner, channels);
    } else {
        auto* work = static_cast<Gradients*>(p.workspace);
        launch(first, sums<WIDE, T>, a, splits, work);
        launch(second, merge_sums<T>, a, splits, work);
        if (p.dx) launch(third, apply<WIDE, T, Gradients>, a, splits, work, packs, inner, channels);
    }
}

void run(const Norm& p) {
    by_type(p.dtype, [&](auto type) {
        typedef decltype(type) T;
        moves_wide(p) ? run_wide<WIDEST<T>, T>(p) : run_wide<1, T>(p);
    });
}

std::string supports(const Norm& p) {
    const bool few =
        p.channels * p.elements() <= 0x7fffffff && p.channels * MOST_SPLITS <= 0x7fffffff;
    return few ? "" : "it counts elements in 31 bits";
}
std::size_t workspace(const Norm& p) {
    return std::size_t(p.channels) * splits_of(p) * sizeof(Moments);
}

}  // namespace

const NormRung k02_split = {{"k02_split", "blocks share a channel, moments in one pass of 16 bytes",
                             "fewer than 2^31 elements"},
                            supports,
                            workspace,
                            run};

}  // namespace mt::norm
