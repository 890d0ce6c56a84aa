// k10_skinny
// Idea:     with 16 columns or fewer (or rows: the sides just change their names), y = a b is a
//           matter of reading the long operand once, as fast as memory gives it. No tile pays.
// Changed since k09_split_k: no shared memory in the main loop, no barrier, no idle columns of a
//           tile. A warp reads four rows of the long side, its lanes along k, 16 bytes each, and
//           adds up its 32 sums by shuffles, in a fixed order.
// Requires: M or N at most 16 (8 in float64: a thread's sums must fit into registers); an axis
//           of stride 1 in each operand.
// Launch:   256 threads. Long side contiguous along k: 4 rows a warp, 32 a block. Else a block has
//           32 rows, a lane each, and its 8 warps take k in turns; their sums meet in shared
//           memory.
// Reading:  the short side is small, and its elements come from the L1 cache, each used for 4 rows.
#include "cuda/matmul/rungs.hpp"
#include "cuda/matmul/vectors.cuh"

namespace mt::matmul {

namespace {

template <class T>
constexpr int MOST = sizeof(T) == 8 ? 8 : 16;
constexpr int WARPS = 8, THREADS = 32 * WARPS, ROWS = 4;
static_assert(WARPS * ROWS == 32, "a block has 32 rows of the long side in either layout");

// The sides by their lengths; `swapped` says that a is the short one.
template <class T>
struct Skinny {
    Arguments<T> p;
    Side<T> lengthy, brief;
    bool swapped;
    unsigned blocks;  // of each product

    __device__ void store(long long l, long long row, int s, Sum<T> sum) const {
        if (row >= lengthy.count || s >= brief.count) return;
        matmul::store(p, l, swapped ? s : row, swapped ? row : s, sum);
    }
};

// Four rows a warp, lanes along k.
template <class T, int SHORT>
__device__ void by_rows(const Skinny<T>& q, long long l, long long first) {
    constexpr int V = WIDE<T>;
    const int lane = threadIdx.x % 32;
    const long long row = first + threadIdx.x / 32 * ROWS, K = q.p.K;
    Sum<T> sums[ROWS][SHORT] = {};
    for (long long k = lane * V; k < K; k += 32 * V) {
        Pack<T, V> chunks[ROWS];
        const int left = least(V, K - k);
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            const int inside = row + r < q.lengthy.count ? left : 0;
            const T* from = q.lengthy.at(l, row + r, k);
            if (q.lengthy.wide)
                chunks[r] = read_chunk(from, inside);
            else
#pragma unroll
                for (int e = 0; e < V; e++) chunks[r].v[e] = e < inside ? from[e] : T(0.0f);
        }
#pragma unroll
        for (int s = 0; s < SHORT; s++) {
            const T* from = q.brief.at(l, s, k);
#pragma unroll
            for (int e = 0; e < V; e++) {
                const bool inside = s < q.brief.count && e < left;
                const Sum<T> x = inside ? Sum<T>(from[e * q.brief.along]) : Sum<T>(0);
#pragma unroll
                for (int r = 0; r < ROWS; r++) sums[r][s] += Sum<T>(chunks[r].v[e]) * x;
            }
        }
    }
#pragma unroll
    for (int r = 0; r < ROWS; r++)
#pragma unroll
        for (int s = 0; s < SHORT; s++) {
            Sum<T> sum = sums[r][s];
#pragma unroll
            for (int apart = 16; apart > 0; apart /= 2)
                sum += __shfl_xor_sync(0xffffffffu, sum, apart);
            if (lane == 0) q.store(l, row + r, s, sum);
        }
}

// A row a lane, warps in turns along k.
template <class T, int SHORT>
__device__ void by_lanes(const Skinny<T>& q, long long l, long long first) {
    MT_SHARED(Sum<T>[WARPS][SHORT][32], parts);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const bool inside = first + lane < q.lengthy.count;
    Sum<T> sums[SHORT] = {};
#pragma unroll 4
    for (long long k = warp; k < q.p.K; k += WARPS) {
        const Sum<T> x = inside ? Sum<T>(*q.lengthy.at(l, first + lane, k)) : Sum<T>(0);
#pragma unroll
        for (int s = 0; s < SHORT; s++)
            if (s < q.brief.count) sums[s] += x * Sum<T>(*q.brief.at(l, s, k));
    }
#pragma unroll
    for (int s = 0; s < SHORT; s++) parts[warp][s][lane] = sums[s];
    __syncthreads();
    for (int s = warp; s < SHORT; s += WARPS) {
        Sum<T> sum = 0;
        for (int w = 0; w < WARPS; w++) sum += parts[w][s][lane];
        q.store(l, first + lane, s, sum);
    }
}

template <class T, int SHORT>
__global__ void __launch_bounds__(THREADS) k10(Skinny<T> q) {
    const long long l = blockIdx.x / q.blocks, first = blockIdx.x % q.blocks * 32ll;
    if (q.lengthy.along == 1)
        by_rows<T, SHORT>(q, l, first);
    else
        by_lanes<T, SHORT>(q, l, first);
}

std::string supports(const Matmul& p) {
    const int most = p.dtype == Dtype::float64 ? MOST<double> : MOST<float>;
    if (p.M > most && p.N > most) return "neither M nor N is " + std::to_string(most) + " or less";
    return supports_majors(p);
}

void run(const Matmul& p) {
    const bool swapped = p.M < p.N;
    const long long brief = swapped ? p.M : p.N, lengthy = swapped ? p.N : p.M;
    by_type(p.dtype, [&](auto type) {
        typedef decltype(type) T;
        constexpr int most = MOST<T>;
        LaunchShape shape{"matmul k10_skinny",
                          grid_of_tiles(p, swapped ? most : 32, swapped ? 32 : most), dim3(THREADS),
                          0, p.stream};
        const Arguments<T> all = typed<T>(p);
        const Skinny<T> q{all, swapped ? all.b : all.a, swapped ? all.a : all.b, swapped,
                          blocks_for(lengthy, 32)};
        launch(shape, brief == 1 ? k10<T, 1> : brief <= 4 ? k10<T, 4> : k10<T, most>, q);
    });
}

}  // namespace

const MatmulRung k10_skinny = {
    {"k10_skinny", "a product with few columns, as fast as memory is read",
     "M or N at most 16 (8 in float64); an axis of stride 1 in each operand"},
    supports,
    no_workspace,
    run};

}  // namespace mt::matmul
