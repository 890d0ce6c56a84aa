// k03_implicit
// Idea:     the product of k02 without its columns: a block gathers the part of them that it needs
//           straight from the image into shared memory, and each thread makes 8 x 8 elements.
// Changed since k02: no workspace. What a thread gathers lies at one place for all terms (for wgrad
//           at one term for all places), so it takes the place's number apart once; divisions are
//           multiplications (Divider).
// Requires: nothing.
// Launch:   256 threads for 128 places x 128 filters (x 32 where a group has no more), thread tiles
//           of 8 x 8 (x 2), 8 terms at a time. While gathering, a warp's lanes are 32 places next
//           to each other and one term, so with channels first its reads are coalesced and the
//           term is taken apart by all lanes alike. A thread's 8 places are two runs of 4, read by
//           two 16-byte loads that no two lanes of a quarter warp take from one bank.
//           wgrad: 64 filters x 64 terms by thread tiles of 4 x 4, 16 places at a time, lanes along
//           the places; rows of 68 elements put the 16 lanes' stores on 8 banks of 4.
// Reading:  64 multiply-adds cost 16 elements read from shared memory, in k02 one costs 2. But all
//           threads wait for a slice to arrive before they use it: see k04. With channels last
//           neighbouring lanes are a pixel's channels apart.
#include "cuda/conv/correlation.cuh"
#include "cuda/conv/rungs.hpp"

namespace mt::conv {

namespace {

constexpr int THREADS = 256, BM = 128, BK = 8, TM = 8;
constexpr int WTILE = 64, WK = 16, WT = 4, WPAD = 4;
static_assert(THREADS % BM == 0, "a thread gathers for one place only");
static_assert(BM / TM * 16 == THREADS, "16 x 16 threads cover the tile");
static_assert(WTILE / WT * (WTILE / WT) == THREADS, "16 x 16 threads cover the tile of wgrad");

template <class T, int BN>
__global__ void __launch_bounds__(THREADS) k03(Correlation<T> c) {
    constexpr int TN = BN / 16, RUN = TN < 4 ? TN : 4;
    MT_SHARED(Sum<T>[BK][BM], a);
    MT_SHARED(Sum<T>[BK][BN], b);
    const int t = threadIdx.x, tx = t % 16, ty = t / 16, group = blockIdx.z;
    const int n0 = blockIdx.y * BN, terms = c.terms();
    const Place place = place_of(c, blockIdx.x * BM + t % BM, group);
    const T* filter = c.filter + group * c.f_group;
    Sum<T> sum[TM][TN] = {};

    for (int k0 = 0; k0 < terms; k0 += BK) {
#pragma unroll
        for (int k = t / BM; k < BK; k += THREADS / BM) {
            int number = k0 + k;
            const int in = c.by_input.split(number);
            const Tap tap(c, number);
            const bool inside = place.sees(c, tap) && k0 + k < terms;
            const T* x = c.image + place.corner + tap.offset + in * c.i_c;
            a[k][t % BM] = inside ? Sum<T>(*x) : Sum<T>(0);
        }
#pragma unroll
        for (int k = t / BN; k < BK; k += THREADS / BN) {
            int number = k0 + k;
            const int in = c.by_input.split(number), out = n0 + t % BN;
            const bool inside = out < c.outputs && k0 + k < terms;
            const long long offset = out * c.f_out + in * c.f_in + Tap(c, number).in_filter(c);
            b[k][t % BN] = inside ? Sum<T>(filter[offset]) : Sum<T>(0);
        }
        __syncthreads();
#pragma unroll
        for (int k = 0; k < BK; k++) {
            Sum<T> left[TM], right[TN];
#pragma unroll
            for (int i = 0; i < TM; i++) left[i] = a[k][i / 4 * (BM / 2) + tx * 4 + i % 4];
#pragma unroll
            for (int j = 0; j < TN; j++) right[j] = b[k][j / RUN * (BN / 2) + ty * RUN + j % RUN];
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN; j++) sum[i][j] += left[i] * right[j];
        }
        __syncthreads();
    }

#pragma unroll
    for (int i = 0; i < TM; i++) {
        const int m = blockIdx.x * BM + i / 4 * (BM / 2) + tx * 4 + i % 4;
        if (m >= c.places()) continue;
        const long long at = y_offset(c, m);
#pragma unroll
        for (int j = 0; j < TN; j++) {
            const int out = n0 + j / RUN * (BN / 2) + ty * RUN + j % RUN;
            if (out < c.outputs) store(c, at, group, out, sum[i][j]);
        }
    }
}

template <class T>
__global__ void __launch_bounds__(THREADS) k03_wgrad(Correlation<T> c) {
    MT_SHARED(Sum<T>[WK][WTILE + WPAD], a);  // [place][out]
    MT_SHARED(Sum<T>[WK][WTILE + WPAD], b);  // [place][term]
    const int t = threadIdx.x, tx = t % 16, ty = t / 16, group = blockIdx.z;
    const int m0 = blockIdx.y * WTILE, n0 = blockIdx.x * WTILE, terms = c.terms();
    const T* dy = c.y + (long long)group * c.outputs * c.y_c;
    int numbers[WT], in[WT];  // of the taps and channels that this thread gathers
#pragma unroll
    for (int j = 0; j < WT; j++)
        numbers[j] = n0 + ty + 16 * j, in[j] = c.by_input.split(numbers[j]);
    const Tap taps[WT] = {{c, numbers[0]}, {c, numbers[1]}, {c, numbers[2]}, {c, numbers[3]}};
    Sum<T> sum[WT][WT] = {};

    for (int k0 = 0; k0 < c.places(); k0 += WK) {
        const int k = k0 + tx;
        const bool inside = k < c.places();
        const Place place = place_of(c, k, group);
        const long long at = inside ? y_offset(c, k) : 0;
#pragma unroll
        for (int j = 0; j < WT; j++) {
            const int row = ty + 16 * j;
            const bool has_a = inside && m0 + row < c.outputs;
            a[tx][row] = has_a ? Sum<T>(dy[at + (m0 + row) * c.y_c]) : Sum<T>(0);
            const bool has_b = place.sees(c, taps[j]) && n0 + row < terms;
            const T* x = c.image + place.corner + taps[j].offset + in[j] * c.i_c;
            b[tx][row] = has_b ? Sum<T>(*x) : Sum<T>(0);
        }
        __syncthreads();
#pragma unroll
        for (int i = 0; i < WK; i++) {
            Sum<T> left[WT], right[WT];
#pragma unroll
            for (int j = 0; j < WT; j++) left[j] = a[i][ty * WT + j], right[j] = b[i][tx * WT + j];
#pragma unroll
            for (int j = 0; j < WT; j++)
#pragma unroll
                for (int l = 0; l < WT; l++) sum[j][l] += left[j] * right[l];
        }
        __syncthreads();
    }

#pragma unroll
    for (int l = 0; l < WT; l++) {
        int number = n0 + tx * WT + l;
        if (number >= terms) continue;
        const int channel = c.by_input.split(number);
        T* dw = c.filter + group * c.f_group + channel * c.f_in + Tap(c, number).in_filter(c);
#pragma unroll
        for (int j = 0; j < WT; j++)
            if (m0 + ty * WT + j < c.outputs) dw[(m0 + ty * WT + j) * c.f_out] = T(sum[j][l]);
    }
}

template <class T>
void correlate(const Correlation<T>& c, Stream stream) {
    const bool narrow = c.outputs <= 32;
    dim3 grid(blocks_for(c.places(), BM), blocks_for(c.outputs, narrow ? 32 : 128), c.groups);
    launch(LaunchShape{"conv k03_implicit", grid, THREADS, 0, stream},
           narrow ? k03<T, 32> : k03<T, 128>, c);
}

template <class T>
void filter_gradient(const Correlation<T>& c, Stream stream) {
    dim3 grid(blocks_for(c.terms(), WTILE), blocks_for(c.outputs, WTILE), c.groups);
    launch(LaunchShape{"conv k03_implicit wgrad", grid, THREADS, 0, stream}, k03_wgrad<T>, c);
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

const ConvRung k03_implicit = {
    {"k03_implicit", "columns gathered into shared memory, 8 x 8 elements a thread", ""},
    {fits_grid, no_workspace, fwd},
    {fits_grid, no_workspace, dgrad},
    {fits_grid, no_workspace, wgrad}};

}  // namespace mt::conv
