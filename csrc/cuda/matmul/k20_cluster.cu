// k20_cluster
// Idea:     two neighbouring blocks need the same slab of b: each fetches half of it, and the copy
//           engine delivers both halves to both (multicast in a cluster). A third less traffic
//           from the L2 cache: (128 + 128) x 64 elements a slab and block instead of (128 + 256).
// Changed since k19_persistent: clusters of two blocks, one above the other in y. A stage is empty
//           only when the multiplying warps of both blocks have left it, as either block's copies
//           write into both; each warp therefore tells both.
// Requires: float16 or bfloat16; operands aligned to 16 bytes in each row; compute capability 9.0.
// Launch:   384 threads; a cluster has a tile of 256 x 256; slabs 64 deep, 4 stages, 193 KB.
// Reading:  a cluster begins and ends together: barriers must be there before the other block
//           arrives at them, and shared memory must last while the other may still write to it.
//           Bytes may land at a barrier before its own block expects them; the phase can't end
//           before it does.
#include "cuda/matmul/persistent.cuh"
#include "cuda/matmul/rungs.hpp"

namespace mt::matmul {

namespace {

constexpr int BM = 128, BN = 256, STAGES = 4, MULTIPLIERS = 2, THREADS = 128 * (1 + MULTIPLIERS);
constexpr int BLOCKS = 2;

template <class T, bool A_ALONG, bool B_ALONG>
using Ring = BoxRing<T, BM, BN, A_ALONG, B_ALONG, STAGES>;

// By one thread of each block: its own slab of a, and its half of b for both.
template <class T, class R>
__device__ __forceinline__ void copy(const Arguments<T>& p, const Maps& maps, unsigned tiles,
                                     R& ring, int steps) {
    const int rank = ptx::cluster_rank();
    Place<STAGES> at;
    for (unsigned index = blockIdx.x / BLOCKS; index < tiles; index += gridDim.x / BLOCKS) {
        const Tile tile = banded_tile<BLOCKS * BM, BN>(p, index);
        for (int step = 0; step < steps; step++, at.next()) {
            const long long k = (long long)step * R::DEPTH;
            auto& a = ring.a[at.stage];
            auto& b = ring.b[at.stage];
            std::uint64_t* full = &ring.full[at.stage];
            ptx::barrier_wait(&ring.empty[at.stage], at.phase ^ 1);
            ptx::barrier_expect(full, a.BYTES + b.BYTES);
            a.load(
                maps.a_batches * tile.l, tile.m + rank * BM, k,
                [&](T* to, const int (&where)[3]) { ptx::tensor_load(to, maps.a, full, where); });
            b.template load<BLOCKS>(
                maps.b_batches * tile.l, tile.n, k,
                [&](T* to, const int (&where)[3]) {
                    ptx::tensor_load_multicast(to, maps.b, full, where, (1 << BLOCKS) - 1);
                },
                rank);
        }
    }
}

template <class R>
__device__ __forceinline__ void release(R& ring, int stage) {
    if (threadIdx.x % 32 < BLOCKS) ptx::barrier_arrive_at(&ring.empty[stage], threadIdx.x % 32);
}

template <class T, class R>
__device__ __forceinline__ void multiply(const Arguments<T>& p, unsigned tiles, R& ring,
                                         int steps) {
    const int row = (threadIdx.x / 128 - 1) * 64;
    Place<STAGES> at;
    for (unsigned index = blockIdx.x / BLOCKS; index < tiles; index += gridDim.x / BLOCKS) {
        const Tile tile = banded_tile<BLOCKS * BM, BN>(p, index);
        float sums[BN / 2];
        int before = 0;
        for (int step = 0; step < steps; step++, at.next()) {
            ptx::barrier_wait(&ring.full[at.stage], at.phase);
            issue(sums, ring.a[at.stage], row, ring.b[at.stage], step == 0);
            ptx::wgmma_wait<1>();
            if (step > 0) release(ring, before);
            before = at.stage;
        }
        ptx::wgmma_wait<0>();
        release(ring, before);
        store_sums(p, tile.l, tile.m + ptx::cluster_rank() * BM + row, tile.n, sums);
    }
}

template <class T, bool A_ALONG, bool B_ALONG>
__global__ void __launch_bounds__(THREADS, 1)
    k20(Arguments<T> p, const __grid_constant__ Maps maps, unsigned tiles) {
    typedef Ring<T, A_ALONG, B_ALONG> R;
    MT_DYNAMIC_SHARED(R, ring);
    const int steps = int((p.K + R::DEPTH - 1) / R::DEPTH);
    ring->init(4 * MULTIPLIERS * BLOCKS);
    ptx::cluster_sync();
    if (threadIdx.x < 128) {
        ptx::fewer_registers<40>();
        if (threadIdx.x == 0) copy(p, maps, tiles, *ring, steps);
        __syncwarp();
    } else {
        ptx::more_registers<232>();
        multiply(p, tiles, *ring, steps);
    }
    ptx::cluster_sync();
}

void run(const Matmul& p) {
    by_type16_and_layout(p, [&](auto type, auto a_along, auto b_along) {
        typedef decltype(type) T;
        const unsigned tiles = grid_of_tiles(p, BLOCKS * BM, BN).x;
        LaunchShape shape{"matmul k20_cluster",
                          persistent_grid(BLOCKS * tiles, BLOCKS),
                          dim3(THREADS),
                          sizeof(Ring<T, a_along, b_along>),
                          p.stream,
                          dim3(BLOCKS)};
        launch(shape, k20<T, a_along, b_along>, typed<T>(p), maps_of(p, BM, BN / BLOCKS), tiles);
    });
}

}  // namespace

const MatmulRung k20_cluster = {
    {"k20_cluster", "two blocks share what they fetch of b",
     "float16 or bfloat16; operands aligned to 16 bytes in each row; compute capability 9.0"},
    supports_wgmma16,
    no_workspace,
    run};

}  // namespace mt::matmul
