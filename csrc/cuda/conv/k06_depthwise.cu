// k06_depthwise
// Idea:     where every channel has filters of its own there is no sum over channels, so nothing
//           that a tile of a product could use again: a thread keeps to one channel and makes 4
//           places of a row, or one run of places of wgrad's sum.
// Changed since k01: a filter's element is read once for 4 places; with channels last neighbouring
//           lanes are neighbouring channels; wgrad's sums are cut among the threads of a block.
// Requires: groups = C (K may be a multiple of it).
// Launch:   blocks of 256 threads. fwd, dgrad: lanes along the row with channels first, along the
//           channels with channels last, so that neighbours read neighbouring memory either way.
//           wgrad: a block for one tap of one filter (of 32 with channels last, 8 threads each);
//           the threads' sums are added in a tree, always the same.
// Reading:  2 x taps operations for each 2 elements moved: at 3 x 3 the memory is what limits it,
//           and the windows' overlap comes from L1. Tensor cores have nothing to do here.
#include "cuda/conv/correlation.cuh"
#include "cuda/conv/rungs.hpp"

namespace mt::conv {

namespace {

constexpr int THREADS = 256, STRIP = 4, LANES = 32;
static_assert(THREADS % LANES == 0 && (THREADS & (THREADS - 1)) == 0, "the tree halves the block");

// What a thread makes: STRIP places of the row that m begins in.
template <class T>
struct Work {
    int m, left, group, out;  // left: places that there are
};

template <class T, bool LAST>
__device__ __forceinline__ Work<T> work_of(const Correlation<T>& c, long long i) {
    const int strips = (c.count[2] + STRIP - 1) / STRIP;
    const long long channels = (long long)c.groups * c.outputs;
    const long long rows = (long long)c.images * c.count[0] * c.count[1];
    const long long channel = LAST ? i % channels : i / (rows * strips);
    const long long strip = LAST ? i / channels : i % (rows * strips);
    if (channel >= channels || strip >= rows * strips) return {0, 0, 0, 0};
    const int first = int(strip % strips) * STRIP;
    return {int(strip / strips) * c.count[2] + first, min(STRIP, c.count[2] - first),
            int(channel / c.outputs), int(channel % c.outputs)};
}

template <class T, bool LAST>
__global__ void __launch_bounds__(THREADS, 4) k06(Correlation<T> c) {
    const Work<T> work = work_of<T, LAST>(c, blockIdx.x * (long long)THREADS + threadIdx.x);
    if (work.left == 0) return;
    const Place place = place_of(c, work.m, work.group);
    const T* filter = c.filter + work.group * c.f_group + work.out * c.f_out;
    Sum<T> sum[STRIP] = {};
    for (int i = 0; i < c.window(); i++) {
        const Tap tap(c, i);
        const T* x = c.image + place.corner + tap.offset;
        for (int in = 0; in < c.inputs; in++) {
            const Sum<T> w = Sum<T>(filter[in * c.f_in + tap.in_filter(c)]);
            Place next = place;
#pragma unroll
            for (int j = 0; j < STRIP; j++, next.at[2] += c.stride[2])
                if (j < work.left && next.sees(c, tap))
                    sum[j] += Sum<T>(x[in * c.i_c + j * c.stride[2] * c.i_axis[2]]) * w;
        }
    }
    const long long at = y_offset(c, work.m);
#pragma unroll
    for (int j = 0; j < STRIP; j++)
        if (j < work.left) store(c, at + j * c.y_axis[2], work.group, work.out, sum[j]);
}

template <class T, bool LAST>
__global__ void __launch_bounds__(THREADS) k06_wgrad(Correlation<T> c) {
    MT_SHARED(Sum<T>[THREADS], sums);
    constexpr int CHANNELS = LAST ? LANES : 1;  // that a block makes
    const int t = threadIdx.x;
    const long long k = blockIdx.x * (long long)CHANNELS + t % CHANNELS;
    const bool inside = k < (long long)c.groups * c.outputs;
    const int group = inside ? int(k / c.outputs) : 0, out = inside ? int(k % c.outputs) : 0;
    const Tap tap(c, int(blockIdx.y));
    const T* dy = c.y + ((long long)group * c.outputs + out) * c.y_c;
    Sum<T> sum = 0;
    for (int m = t / CHANNELS; inside && m < c.places(); m += THREADS / CHANNELS) {
        const Place place = place_of(c, m, group);
        if (place.sees(c, tap))
            sum += Sum<T>(c.image[place.corner + tap.offset]) * Sum<T>(dy[y_offset(c, m)]);
    }
    sums[t] = sum;
    for (int half = THREADS / 2; half >= CHANNELS; half /= 2) {
        __syncthreads();
        if (t < half) sums[t] += sums[t + half];
    }
    if (t < CHANNELS && inside)
        c.filter[group * c.f_group + out * c.f_out + tap.in_filter(c)] = T(sums[t]);
}

template <class T>
void correlate(const Correlation<T>& c, Stream stream) {
    const long long strips = (long long)c.images * c.count[0] * c.count[1] *
                             ((c.count[2] + STRIP - 1) / STRIP) * c.groups * c.outputs;
    launch(LaunchShape{"conv k06_depthwise", blocks_for(strips, THREADS), THREADS, 0, stream},
           c.i_c == 1 ? k06<T, true> : k06<T, false>, c);
}

template <class T>
void filter_gradient(const Correlation<T>& c, Stream stream) {
    const bool last = c.i_c == 1;
    dim3 grid(blocks_for((long long)c.groups * c.outputs, last ? LANES : 1), c.window());
    launch(LaunchShape{"conv k06_depthwise wgrad", grid, THREADS, 0, stream},
           last ? k06_wgrad<T, true> : k06_wgrad<T, false>, c);
}

std::string depthwise(const Conv& p) {
    if (p.groups != p.C) return "its groups are single channels: groups must be C";
    return p.w_size[0] * p.w_size[1] * p.w_size[2] > 65535 ? "a grid has at most 65535 taps" : "";
}

void fwd(const Conv& p) {
    run_fwd(p, [&](auto c) { correlate(c, p.stream); });
}
void dgrad(const Conv& p) {
    run_dgrad(p, [&](auto c) { correlate(c, p.stream); });
}
void wgrad(const Conv& p) {
    run_fwd(p, [&](auto c) { filter_gradient(c, p.stream); });
}

}  // namespace

const ConvRung k06_depthwise = {
    {"k06_depthwise", "a thread keeps to one channel; no product", "groups = C"},
    {depthwise, no_workspace, fwd},
    {depthwise, no_workspace, dgrad},
    {depthwise, no_workspace, wgrad}};

}  // namespace mt::conv
