// A tile of fwd and dgrad on its way through shared memory: what k04 and the tensor cores share.
//
// A block makes BM places x BN filters. Slices of 64 bytes of terms go through a ring of STAGES
// slots: first the places' rows, then the filters', PITCH elements from one to the next. Rows of 64
// + 16 bytes lie 5 chunks apart; 5 is odd, so 8 lanes that read a chunk of 8 neighbouring rows (or
// ldmatrix's) read different banks.
#pragma once

#include "cuda/conv/chunks.cuh"

namespace mt::conv {

template <class T, int BN>
struct ImplicitTile {
    static constexpr int THREADS = 256, BM = 128, CHUNKS = 4, STAGES = 4;
    static constexpr int BK = CHUNKS * CHUNK<T>, PITCH = BK + CHUNK<T>, SLOT = (BM + BN) * PITCH;
    static constexpr std::size_t BYTES = STAGES * SLOT * sizeof(T);
    static_assert(PITCH / CHUNK<T> % 2 == 1, "rows an odd number of chunks apart: no conflicts");
    static_assert(BYTES <= (100 << 10), "two blocks fit into a multiprocessor's shared memory");

    // Starts copying the slice of terms from k on. By chunks, 4 lanes take a place; one by one, a
    // lane takes a place, so that neighbouring lanes read neighbouring pixels.
    template <bool VECTOR>
    static __device__ __forceinline__ void load(T* slot, const Correlation<T>& c, const T* packed,
                                                const Place* places, int k, int n0) {
        const int t = threadIdx.x;
#pragma unroll
        for (int i = 0; i < BM * CHUNKS / THREADS; i++) {
            const int row = VECTOR ? t / CHUNKS + i * (THREADS / CHUNKS) : t % BM;
            const int x = VECTOR ? t % CHUNKS : t / BM + i * (THREADS / BM);
            gather<VECTOR>(slot + row * PITCH + x * CHUNK<T>, c, places[row], k + x * CHUNK<T>);
        }
        slot += BM * PITCH;
        for (int i = t; i < BN * CHUNKS; i += THREADS)
            copy_packed(slot + i / CHUNKS * PITCH + i % CHUNKS * CHUNK<T>, c, packed, blockIdx.z,
                        n0 + i / CHUNKS, k + i % CHUNKS * CHUNK<T>);
    }

    // Calls multiply(slot) for every slice of terms; `shared` has room for BYTES.
    template <bool VECTOR, class Multiply>
    static __device__ __forceinline__ void each_slice(T* shared, const Correlation<T>& c,
                                                      const T* packed, int m0, int n0,
                                                      Multiply multiply) {
        MT_SHARED(Place[BM], places);  // in registers they would be too many
        if (threadIdx.x < BM) places[threadIdx.x] = place_of(c, m0 + threadIdx.x, blockIdx.z);
        __syncthreads();
        const int slices = (c.terms() + BK - 1) / BK;
        for (int s = 0; s < STAGES - 1; s++) {
            if (s < slices) load<VECTOR>(shared + s * SLOT, c, packed, places, s * BK, n0);
            ptx::copy_commit();
        }
        for (int s = 0; s < slices; s++) {
            ptx::copy_wait<STAGES - 2>();
            __syncthreads();  // slice s has arrived, and everybody has done with slice s - 1
            const int next = s + STAGES - 1;
            if (next < slices)
                load<VECTOR>(shared + next % STAGES * SLOT, c, packed, places, next * BK, n0);
            ptx::copy_commit();
            multiply(shared + s % STAGES * SLOT);
        }
    }
};

}  // namespace mt::conv
