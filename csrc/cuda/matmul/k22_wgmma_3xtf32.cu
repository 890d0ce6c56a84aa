// k22_wgmma_3xtf32
// Idea:     float32 accuracy at wgmma's speed: the three TF32 products of k15_mma_3xtf32, whose
//           parts are made where each operand is read from: those of a in registers, those of b
//           in shared memory.
// Changed since k21_wgmma_tf32: the multiplying warps split each slab of b, hi in its place and lo
//           beside it, while the products of the slab before run; a comes into registers by
//           ordinary loads through the swizzle. Sums are drained after each slab (tf32.cuh says
//           why), so the tile is 128 x 128: two sets of 64 sums a thread.
// Requires: float32; operands contiguous along k and aligned to 16 bytes; compute capability 9.0.
// Launch:   384 threads; slabs 32 deep, 4 stages of 48 KB (a, b's hi, b's lo), 193 KB.
// Reading:  what threads write to shared memory, wgmma sees after fence_async and a barrier: the
//           named one that only the multiplying warps meet at.
#include "cuda/matmul/persistent.cuh"
#include "cuda/matmul/rungs.hpp"
#include "cuda/matmul/tf32.cuh"

namespace mt::matmul {

namespace {

constexpr int BM = 128, BN = 128, STAGES = 4, MULTIPLIERS = 2, DEPTH = 32;
constexpr int THREADS = 128 * (1 + MULTIPLIERS), SPLITTERS = 128 * MULTIPLIERS;
static_assert(128 * (40 + 232 * MULTIPLIERS) <= 65536, "as many registers as there are");

struct Ring : BoxRing<float, BM, BN, true, true, STAGES> {
    BoxSlab<float, BN, true> low[STAGES];  // b's lo
};
static_assert(sizeof(Ring) <= 227 * 1024, "the ring fits");

// A warpgroup's 64 rows of a slab of a: fragments of 8 k each.
struct Fragments {
    Parts<4> k8[DEPTH / 8];
    __device__ __forceinline__ void load(const BoxSlab<float, BM, true>& a, int row) {
        const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
        const int first = row + threadIdx.x % 128 / 32 * 16 + g;  // g is its row in the pattern
#pragma unroll
        for (int k = 0; k < DEPTH; k += 8)
#pragma unroll
            for (int e = 0; e < 4; e++) {
                const int piece = (k / 4 + e / 2) ^ g;
                k8[k / 8].set(e, a.data[(first + e % 2 * 8) * DEPTH + piece * 4 + t]);
            }
    }
};

// By all multiplying threads: b becomes hi, `low` lo, element by element where they lie.
__device__ __forceinline__ void split(BoxSlab<float, BN, true>& b, BoxSlab<float, BN, true>& low) {
#pragma unroll
    for (int i = 0; i < BN * DEPTH / 4 / SPLITTERS; i++) {
        const int at = (i * SPLITTERS + threadIdx.x - 128) * 4;
        auto* values = reinterpret_cast<Pack<float, 4>*>(b.data + at);
        Pack<float, 4> x = *values, hi, lo;
#pragma unroll
        for (int e = 0; e < 4; e++) {
            hi.v[e] = ptx::to_tf32(x.v[e]);
            lo.v[e] = ptx::to_tf32(x.v[e] - hi.v[e]);
        }
        *values = hi;
        *reinterpret_cast<Pack<float, 4>*>(low.data + at) = lo;
    }
    ptx::fence_async();
}

// Issues the products of a slab, the small ones of each k first.
__device__ __forceinline__ void issue3(float (&d)[BN / 2], const Fragments& a,
                                       const BoxSlab<float, BN, true>& b,
                                       const BoxSlab<float, BN, true>& low) {
    ptx::wgmma_fence();
#pragma unroll
    for (int k = 0; k < DEPTH; k += 8) {
        ptx::wgmma_tf32(d, a.k8[k / 8].lo, b.descriptor(0, k), k > 0);
        ptx::wgmma_tf32(d, a.k8[k / 8].hi, low.descriptor(0, k), true);
        ptx::wgmma_tf32(d, a.k8[k / 8].hi, b.descriptor(0, k), true);
    }
    ptx::wgmma_commit();
}

__device__ __forceinline__ void multiply(const Arguments<float>& p, unsigned tiles, Ring& ring,
                                         int steps) {
    const int row = (threadIdx.x / 128 - 1) * 64;
    Place<STAGES> at;
    auto prepare = [&](Fragments& a) {  // of the slab at `at`
        ptx::barrier_wait(&ring.full[at.stage], at.phase);
        split(ring.b[at.stage], ring.low[at.stage]);
        a.load(ring.a[at.stage], row);
    };
    for (unsigned index = blockIdx.x; index < tiles; index += gridDim.x) {
        const Tile tile = banded_tile<BM, BN>(p, index);
        float sums[BN / 2] = {}, slab[BN / 2];
        Fragments a, next;
        prepare(a);
        for (int step = 0; step < steps; step++) {
            const int stage = at.stage;
            ptx::named_sync(1, SPLITTERS);  // all of this slab of b is split
            issue3(slab, a, ring.b[stage], ring.low[stage]);
            at.next();
            if (step + 1 < steps) prepare(next);
            ptx::wgmma_wait<0>();
            if (threadIdx.x % 32 == 0) ptx::barrier_arrive(&ring.empty[stage]);
#pragma unroll
            for (int i = 0; i < BN / 2; i++) sums[i] += slab[i];
            a = next;
        }
        store_sums(p, tile.l, tile.m + row, tile.n, sums);
    }
}

__global__ void __launch_bounds__(THREADS, 1)
    k22(Arguments<float> p, const __grid_constant__ Maps maps, unsigned tiles) {
    MT_DYNAMIC_SHARED(Ring, ring);
    const int steps = int((p.K + DEPTH - 1) / DEPTH);
    ring->init(4 * MULTIPLIERS);
    if (threadIdx.x >= 128) {
        ptx::more_registers<232>();
        return multiply(p, tiles, *ring, steps);
    }
    ptx::fewer_registers<40>();
    if (threadIdx.x != 0) return;
    Place<STAGES> at;
    for (unsigned index = blockIdx.x; index < tiles; index += gridDim.x) {
        const Tile tile = banded_tile<BM, BN>(p, index);
        for (int step = 0; step < steps; step++, at.next()) {
            ptx::barrier_wait(&ring->empty[at.stage], at.phase ^ 1);
            ring->load(at.stage, maps, tile, (long long)step * DEPTH);
        }
    }
}

void run(const Matmul& p) {
    const unsigned tiles = grid_of_tiles(p, BM, BN).x;
    LaunchShape shape{"matmul k22_wgmma_3xtf32", persistent_grid(tiles), dim3(THREADS),
                      sizeof(Ring), p.stream};
    launch(shape, k22, typed<float>(p), maps_of(p, BM, BN), tiles);
}

}  // namespace

const MatmulRung k22_wgmma_3xtf32 = {
    {"k22_wgmma_3xtf32", "float32 as three TF32 products, a warpgroup at a time",
     "float32; operands contiguous along k and aligned to 16 bytes; compute capability 9.0"},
    supports_wgmma_tf32,
    no_workspace,
    run};

}  // namespace mt::matmul
