// A tile of wgrad on its way through shared memory: what k04, k07 and the tensor cores share.
//
// A block makes OUTS filters x TERMS terms from a run of places, PLACES at a time through a ring of
// STAGES slots. dy, and what x has at the terms, both lie as [place][channel or term], so that with
// channels last they are copied by 16 bytes. Rows are padded so that lanes which read neighbouring
// places' rows (the tensor cores' do) find them on different banks.
#pragma once

#include "cuda/conv/chunks.cuh"

namespace mt::conv {

template <class T>
struct WgradTile {
    static constexpr int THREADS = 256, OUTS = 64, TERMS = 128, STAGES = 3;
    static constexpr int PLACES = 64 / sizeof(T), PAD = sizeof(T) == 8 ? 4 : 8;
    static constexpr int OUT_PITCH = OUTS + PAD, TERM_PITCH = TERMS + PAD;
    static constexpr int SLOT = PLACES * (OUT_PITCH + TERM_PITCH);
    static constexpr std::size_t BYTES = STAGES * SLOT * sizeof(T);
    static_assert(BYTES <= (100 << 10), "two blocks fit into a multiprocessor's shared memory");

    // A place's numbers, taken apart once for all threads that copy something of it.
    struct Spot {
        Place seen;
        long long y;
        bool inside;
    };

    static __device__ __forceinline__ void find(Spot* spots, const Correlation<T>& c, int k,
                                                int end, int group) {
        if (threadIdx.x >= PLACES) return;
        const int m = k + threadIdx.x;
        const bool inside = m < end;
        spots[threadIdx.x] = {place_of(c, inside ? m : c.places(), group),
                              inside ? y_offset(c, m) : 0, inside};
    }

    // Starts copying a slice. Lanes go along the channels if these are copied by chunks, else along
    // the places.
    template <bool VECTOR>
    static __device__ void load(T* slot, const Correlation<T>& c, const Spot* spots, int group,
                                int m0, int n0) {
        constexpr int LEFT = OUTS / CHUNK<T>, RIGHT = TERMS / CHUNK<T>;
        for (int i = threadIdx.x; i < PLACES * LEFT; i += THREADS) {
            const int place = VECTOR ? i / LEFT : i % PLACES, x = VECTOR ? i % LEFT : i / PLACES;
            gather_y<VECTOR>(slot + place * OUT_PITCH + x * CHUNK<T>, c, spots[place].inside,
                             spots[place].y, group, m0 + x * CHUNK<T>);
        }
        slot += PLACES * OUT_PITCH;
        for (int i = threadIdx.x; i < PLACES * RIGHT; i += THREADS) {
            const int place = VECTOR ? i / RIGHT : i % PLACES, x = VECTOR ? i % RIGHT : i / PLACES;
            gather<VECTOR>(slot + place * TERM_PITCH + x * CHUNK<T>, c, spots[place].seen,
                           n0 + x * CHUNK<T>);
        }
    }

    // Calls multiply(dy's rows, x's rows) for every slice of the places from k to end.
    template <bool VECTOR, class Multiply>
    static __device__ __forceinline__ void each_slice(T* shared, const Correlation<T>& c, int k,
                                                      int end, int group, int m0, int n0,
                                                      Multiply multiply) {
        MT_SHARED(Spot[STAGES][PLACES], spots);
        const int slices = (end - k + PLACES - 1) / PLACES;
        for (int s = 0; s < STAGES; s++) find(spots[s], c, k + s * PLACES, end, group);
        __syncthreads();
        for (int s = 0; s < STAGES - 1; s++) {
            if (s < slices) load<VECTOR>(shared + s * SLOT, c, spots[s], group, m0, n0);
            ptx::copy_commit();
        }
        for (int s = 0; s < slices; s++) {
            ptx::copy_wait<STAGES - 2>();
            __syncthreads();  // slice s has arrived, and everybody has done with slice s - 1
            const int next = s + STAGES - 1;
            if (next < slices)
                load<VECTOR>(shared + next % STAGES * SLOT, c, spots[next % STAGES], group, m0, n0);
            ptx::copy_commit();
            // Of the slice that the next round copies; its slot was last read before this barrier.
            find(spots[(next + 1) % STAGES], c, k + (next + 1) * PLACES, end, group);
            const T* slot = shared + s % STAGES * SLOT;
            multiply(slot, slot + PLACES * OUT_PITCH);
        }
    }
};

}  // namespace mt::conv
