// k05_winograd
// Idea:     fewer multiplications: Winograd's F(2x2, 3x3) makes four elements of y from 16 products
//           per channel instead of 36 (winograd.cuh). One kernel transforms image tiles on their
//           way to shared memory, makes the 16 matrix products, and transforms the results.
// Changed since k04: the arithmetic. Filters are transformed first, into the workspace, where they
//           lie as [channel][product][filter].
// Requires: 3 x 3 filters, stride 1, dilation 1; not float64. Errors are somewhat larger than a
//           plain sum's: see the bound in winograd.cuh. A NaN or infinity spoils its whole tile.
// Launch:   256 threads for 32 tiles x 64 filters, 8 channels at a time in two slots of 50 KiB. A
//           warp makes two of the 16 products, a lane 8 filters x 8 tiles of both: 128 sums in
//           registers, so one block a multiprocessor. While it multiplies, the next filters come by
//           cp.async and the next tile, one a thread, into 16 registers. Rows of 32 tiles are
//           padded to 36: lanes that store 8 channels of 4 tiles (channels last) then use all
//           banks, and 16-byte loads stay aligned.
// Reading:  64 + 64 multiply-adds for 32 elements read from shared memory, and 2.25 times fewer of
//           them than k04 needs. A tile is transformed again for each 64 filters.
#include "cuda/conv/rungs.hpp"
#include "cuda/conv/winograd.cuh"

namespace mt::conv {

namespace {

constexpr int THREADS = WINOGRAD_THREADS, TILES = 32, OUTS = 64, BC = 8, PITCH = TILES + 4,
              GROUP = 16;
constexpr int V_SLOT = 16 * BC * PITCH, U_SLOT = 16 * BC * OUTS;
constexpr std::size_t BYTES = 2 * (V_SLOT + U_SLOT) * sizeof(float);
static_assert(TILES * BC == THREADS, "a thread transforms one tile of one channel");
static_assert(THREADS / 32 * 2 == 16, "a warp makes two of the sixteen products");
static_assert(16 * GROUP * PITCH <= 2 * (V_SLOT + U_SLOT), "results pass through the slots");

template <class T>
__device__ __forceinline__ void load_filters(float* slot, const Correlation<T>& c, const float* u,
                                             int wide, int in, int n0) {
    u += (long long)blockIdx.z * c.inputs * 16 * wide + n0;
    for (int i = threadIdx.x; i < U_SLOT / 4; i += THREADS) {
        const int row = i / (OUTS / 4), channel = in + row % BC;  // row = product * BC + channel
        const float* from = u + (channel * 16ll + row / BC) * wide + i % (OUTS / 4) * 4;
        ptx::copy_async<16>(slot + i * 4, channel < c.inputs ? from : u, channel < c.inputs);
    }
}

// Adds 8 channels of the warp's two products.
__device__ __forceinline__ void multiply(const float* v, const float* u, float (&sum)[2][8][8]) {
    const int lane = threadIdx.x % 32, first = threadIdx.x / 32 * 2;
    v += lane % 4 * 4, u += lane / 4 * 4;
#pragma unroll
    for (int f = 0; f < 2; f++)
#pragma unroll 4  // more loads in flight would take registers that there are not
        for (int k = 0; k < BC; k++) {
            const int row = (first + f) * BC + k;
            float left[8], right[8];
#pragma unroll
            for (int i = 0; i < 8; i++) {
                left[i] = u[row * OUTS + i / 4 * (OUTS / 2) + i % 4];
                right[i] = v[row * PITCH + i / 4 * (TILES / 2) + i % 4];
            }
#pragma unroll
            for (int i = 0; i < 8; i++)
#pragma unroll
                for (int j = 0; j < 8; j++) sum[f][i][j] += left[i] * right[j];
        }
}

// Two of each lane's 8 filters at a time, GROUP in all, go through shared memory, where a thread
// finds the 16 products of a tile together.
template <class T, bool LAST>
__device__ void write_results(float* shared, const Correlation<T>& c, const Tiles& tiles,
                              const float (&sum)[2][8][8]) {
    const int t = threadIdx.x, lane = t % 32, group = blockIdx.z;
#pragma unroll
    for (int pass = 0; pass < 4; pass++) {
        __syncthreads();
#pragma unroll
        for (int f = 0; f < 2; f++)
#pragma unroll
            for (int i = 0; i < 2; i++)
#pragma unroll
                for (int j = 0; j < 8; j++)
                    shared[((t / 32 * 2 + f) * GROUP + lane / 4 * 2 + i) * PITCH +
                           j / 4 * (TILES / 2) + lane % 4 * 4 + j % 4] = sum[f][2 * pass + i][j];
        __syncthreads();
#pragma unroll
        for (int part = 0; part < 2; part++) {
            const int item = part * THREADS + t;
            const int row = LAST ? item % GROUP : item / TILES;
            const int tile = LAST ? item / GROUP : item % TILES;
            const int i = 2 * pass + row % 2;  // of the lane row / 2's filters
            const int out = blockIdx.y * OUTS + i / 4 * (OUTS / 2) + row / 2 * 4 + i % 4;
            const Corner corner(tiles, blockIdx.x * TILES + tile);
            float m[16], y[4];
#pragma unroll
            for (int f = 0; f < 16; f++) m[f] = shared[(f * GROUP + row) * PITCH + tile];
            transform_result(m, y);
            if (corner.image < 0 || out >= c.outputs) continue;
            const long long at = corner.image * c.y_n + corner.at[0] * c.y_axis[0];
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const int p = corner.at[1] + j / 2, q = corner.at[2] + j % 2;
                if (p < c.count[1] && q < c.count[2])
                    store(c, at + p * c.y_axis[1] + q * c.y_axis[2], group, out, y[j]);
            }
        }
    }
}

// LAST: lanes go along the channels first, else along the tiles.
template <class T, bool LAST>
__global__ void __launch_bounds__(THREADS)
    k05(Correlation<T> c, Tiles tiles, const float* u, int wide) {
    MT_DYNAMIC_SHARED(float, shared);
    float *v_slots = shared, *u_slots = shared + 2 * V_SLOT;
    const int t = threadIdx.x, n0 = blockIdx.y * OUTS, group = blockIdx.z;
    const int channel = LAST ? t % BC : t / TILES, tile = LAST ? t / BC : t % TILES;
    const Corner corner(tiles, blockIdx.x * TILES + tile);
    float x[16], sum[2][8][8] = {};
    auto write_tile = [&](int slot) {
        transform_image(x);
#pragma unroll
        for (int f = 0; f < 16; f++)
            v_slots[slot * V_SLOT + (f * BC + channel) * PITCH + tile] = x[f];
    };
    load_filters(u_slots, c, u, wide, 0, n0);
    ptx::copy_commit();
    load_tile(x, c, corner, channel, group);
    write_tile(0);
    for (int in = 0, slot = 0; in < c.inputs; in += BC, slot ^= 1) {
        ptx::copy_wait<0>();
        __syncthreads();  // this slot is full, and nobody reads the other one any more
        const bool more = in + BC < c.inputs;
        if (more) {
            load_filters(u_slots + (slot ^ 1) * U_SLOT, c, u, wide, in + BC, n0);
            load_tile(x, c, corner, in + BC + channel, group);
        }
        ptx::copy_commit();
        multiply(v_slots + slot * V_SLOT, u_slots + slot * U_SLOT, sum);
        if (more) write_tile(slot ^ 1);
    }
    ptx::copy_wait<0>();
    write_results<T, LAST>(shared, c, tiles, sum);
}

int padded(int outputs) {
    return (outputs + OUTS - 1) / OUTS * OUTS;
}

template <class T>
void correlate(const Correlation<T>& c, const Conv& p) {
    if constexpr (sizeof(T) <= 4) {
        float* u = static_cast<float*>(p.workspace);
        const int wide = padded(c.outputs);
        const long long filters = (long long)c.groups * c.inputs * wide;
        if (filters)
            launch(LaunchShape{"conv k05_winograd filters", blocks_for(filters, THREADS), THREADS,
                               0, p.stream},
                   transform_filters<T>, c, u, wide);
        const Tiles tiles = tiles_of(c);
        dim3 grid(blocks_for(tiles.count, TILES), wide / OUTS, c.groups);
        launch(LaunchShape{"conv k05_winograd", grid, THREADS, BYTES, p.stream},
               c.i_c == 1 ? k05<T, true> : k05<T, false>, c, tiles, u, wide);
    }
}

std::string three_by_three(const Conv& p) {
    bool fits = p.w_size[0] == 1 && p.w_size[1] == 3 && p.w_size[2] == 3;
    for (int a = 0; a < 3; a++) fits = fits && p.stride[a] == 1 && p.dilation[a] == 1;
    if (!fits) return "it needs 3 x 3 filters, stride 1 and dilation 1";
    if (p.dtype == Dtype::float64) return "it computes in float32";
    return compute_capability() < 80 ? "it needs compute capability 8.0" : fits_grid(p);
}

std::string no_wgrad(const Conv&) {
    return "wgrad would need another transform, F(3x3, 2x2)";
}

std::size_t fwd_workspace(const Conv& p) {
    return sizeof(float) * 16 * p.C * padded(int(p.K / p.groups));
}
std::size_t dgrad_workspace(const Conv& p) {
    return sizeof(float) * 16 * p.K * padded(int(p.C / p.groups));
}

void fwd(const Conv& p) {
    run_fwd(p, [&](auto c) { correlate(c, p); });
}
void dgrad(const Conv& p) {
    run_dgrad(p, [&](auto c) { correlate(c, p); });
}

}  // namespace

const ConvRung k05_winograd = {{"k05_winograd", "16 products for four elements instead of 36",
                                "3 x 3 filters, stride 1, dilation 1; fwd and dgrad; not float64"},
                               {three_by_three, fwd_workspace, fwd},
                               {three_by_three, dgrad_workspace, dgrad},
                               {no_wgrad, no_workspace, nullptr}};

}  // namespace mt::conv
