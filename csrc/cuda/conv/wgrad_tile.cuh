// A tile of wgrad by multiply-adds: what k04 and k07 share.
//
// A block makes 64 filters x 128 terms from a run of places, 16 at a time through a ring of STAGES
// slots in shared memory; each of 256 threads makes 4 x 8 elements. dy and what x has at the terms
// both lie as [place][channel or term], so that with channels last they are copied by 16 bytes.
#pragma once

#include "cuda/conv/chunks.cuh"

namespace mt::conv {

template <class T>
struct WgradTile {
    static constexpr int THREADS = 256, OUTS = 64, TERMS = 128, STAGES = 3;
    static constexpr int PLACES = 64 / sizeof(T), TM = 4, TN = 8;
    static constexpr int OUT_PITCH = OUTS + CHUNK<T>, TERM_PITCH = TERMS + CHUNK<T>;
    static constexpr int SLOT = PLACES * (OUT_PITCH + TERM_PITCH);
    static constexpr std::size_t BYTES = STAGES * SLOT * sizeof(T);
    static_assert(OUTS / TM * (TERMS / TN) == THREADS, "thread tiles cover the block's");
    static_assert(BYTES <= (100 << 10), "two blocks fit into a multiprocessor's shared memory");

    // The first of the thread's runs of 4 elements; TN has a second one half a tile on.
    static __device__ __forceinline__ int out(int i) { return threadIdx.x / 16 * 4 + i; }
    static __device__ __forceinline__ int term(int j) {
        return j / 4 * (TERMS / 2) + threadIdx.x % 16 * 4 + j % 4;
    }

    // Starts copying PLACES places from k on. Lanes go along the channels if these are copied by
    // chunks, else along the places.
    template <bool VECTOR>
    static __device__ void load(T* slot, const Correlation<T>& c, int k, int end, int group, int m0,
                                int n0) {
        constexpr int LEFT = OUTS / CHUNK<T>, RIGHT = TERMS / CHUNK<T>;
        for (int i = threadIdx.x; i < PLACES * LEFT; i += THREADS) {
            const int place = VECTOR ? i / LEFT : i % PLACES, x = VECTOR ? i % LEFT : i / PLACES;
            const bool inside = k + place < end;
            const long long at = inside ? y_offset(c, k + place) : 0;
            gather_y<VECTOR>(slot + place * OUT_PITCH + x * CHUNK<T>, c, inside, at, group,
                             m0 + x * CHUNK<T>);
        }
        slot += PLACES * OUT_PITCH;
        for (int i = threadIdx.x; i < PLACES * RIGHT; i += THREADS) {
            const int place = VECTOR ? i / RIGHT : i % PLACES, x = VECTOR ? i % RIGHT : i / PLACES;
            const Place<T> seen = place_of(c, k + place < end ? k + place : c.places(), group);
            gather<VECTOR>(slot + place * TERM_PITCH + x * CHUNK<T>, c, seen, n0 + x * CHUNK<T>);
        }
    }

    // sum += the tile's part of the places from k to end.
    template <bool VECTOR>
    static __device__ void add(T* shared, const Correlation<T>& c, int k, int end, int group,
                               int m0, int n0, Sum<T> (&sum)[TM][TN]) {
        const int slices = (end - k + PLACES - 1) / PLACES;
        for (int s = 0; s < STAGES - 1; s++) {
            if (s < slices) load<VECTOR>(shared + s * SLOT, c, k + s * PLACES, end, group, m0, n0);
            ptx::copy_commit();
        }
        for (int s = 0; s < slices; s++) {
            ptx::copy_wait<STAGES - 2>();
            __syncthreads();  // slice s has arrived, and everybody has done with slice s - 1
            const int next = s + STAGES - 1;
            if (next < slices)
                load<VECTOR>(shared + next % STAGES * SLOT, c, k + next * PLACES, end, group, m0,
                             n0);
            ptx::copy_commit();
            multiply(shared + s % STAGES * SLOT, sum);
        }
    }

    static __device__ __forceinline__ void multiply(const T* slot, Sum<T> (&sum)[TM][TN]) {
#pragma unroll
        for (int k = 0; k < PLACES; k++) {
            Sum<T> left[TM], right[TN];
#pragma unroll
            for (int i = 0; i < TM; i++) left[i] = Sum<T>(slot[k * OUT_PITCH + out(i)]);
#pragma unroll
            for (int j = 0; j < TN; j++)
                right[j] = Sum<T>(slot[PLACES * OUT_PITCH + k * TERM_PITCH + term(j)]);
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN; j++) sum[i][j] += left[i] * right[j];
        }
    }
};

// Where dw has a filter's term.
template <class T>
__device__ __forceinline__ T* filter_element(const Correlation<T>& c, int group, int out,
                                             int term) {
    int tap[3];
    const int in = c.by_input.split(term);
    tap_of(c, term, tap);
    return c.filter + group * c.f_group + out * c.f_out + in * c.f_in + f_offset(c, tap);
}

}  // namespace mt::conv
