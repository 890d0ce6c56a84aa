// The ring of the tensor-core rungs: slabs of a and b in shared memory, laid out as in global
// memory, 16 bytes a copy. The fragments' loads do the transposing, so all four transposes take
// the same copies.
#pragma once

#include <type_traits>

#include "cuda/matmul/operands.cuh"

namespace mt::matmul {

// COUNT rows of a (columns of b), DEPTH elements along k. ALONG: neighbours are neighbours along k.
// The padding brings the elements that a warp's fragment loads touch at once into different banks:
// eight rows of 16 bytes for ldmatrix; for a float or double a lane, 8 x 4 elements.
template <class T, int COUNT_, int DEPTH_, bool ALONG_>
struct Slab {
    static constexpr int COUNT = COUNT_, DEPTH = DEPTH_;
    static constexpr bool ALONG = ALONG_;
    static constexpr int ROWS = ALONG ? COUNT : DEPTH, LENGTH = ALONG ? DEPTH : COUNT;
    static constexpr int PAD = sizeof(T) == 2 ? 8 : sizeof(T) == 8 || ALONG ? 4 : 8;
    static constexpr int STEP = LENGTH + PAD;  // from row to row
    alignas(32) T rows[ROWS][STEP];

    __device__ T* at(int i, int k) { return ALONG ? &rows[i][k] : &rows[k][i]; }
    __device__ const T* at(int i, int k) const { return ALONG ? &rows[i][k] : &rows[k][i]; }
};

// One operand's copies: where this thread reads in the next slab.
template <class T, int COUNT, int DEPTH, bool ALONG, int THREADS>
struct SlabReader {
    typedef matmul::Slab<T, COUNT, DEPTH, ALONG> Slab;
    static constexpr int V = WIDE<T>, CHUNKS = Slab::LENGTH / V, STEP = THREADS / CHUNKS;
    static_assert(Slab::LENGTH % V == 0 && THREADS % CHUNKS == 0 && Slab::ROWS % STEP == 0,
                  "every thread copies as many chunks");
    const Side<T>& side;
    int row, place, count;  // this thread's first chunk; rows (columns) inside of the matrix
    const T* from;

    __device__ SlabReader(const Side<T>& side, long long l, long long first, long long k)
        : side(side), row(threadIdx.x / CHUNKS), place(threadIdx.x % CHUNKS * V) {
        count = least(COUNT, side.count - first);
        from = side.at(l, first + (ALONG ? row : place), k + (ALONG ? place : row));
    }

    // Starts the copies of the slab, `depth` deep, and goes on to the next.
    __device__ __forceinline__ void start(Slab& slab, int depth) {
        const long long step = STEP * (ALONG ? side.across : side.along);
        const int rows = ALONG ? count : depth, left = (ALONG ? depth : count) - place;
#pragma unroll
        for (int r = 0; r < Slab::ROWS / STEP; r++)
            copy(&slab.rows[row + r * STEP][place], from + r * step,
                 row + r * STEP < rows ? left : 0);
        from += DEPTH * side.along;
    }

    // A chunk of which `left` elements are inside. Where chunks are not aligned, or one is cut,
    // elements are copied for themselves; those of 2 bytes, which cp.async can't copy, by hand.
    __device__ __forceinline__ void copy(T* to, const T* chunk, int left) {
        if (left <= 0 || (side.wide && left >= V))
            return ptx::copy_async<16>(to, left > 0 ? chunk : side.data, left > 0);
#pragma unroll 1
        for (int e = 0; e < V; e++) {
            if constexpr (sizeof(T) >= 4)
                ptx::copy_async<sizeof(T)>(to + e, e < left ? chunk + e : side.data, e < left);
            else
                to[e] = e < left ? chunk[e] : T(0.0f);
        }
    }
};

template <class T, int BM, int BN, int BK, bool A_ALONG, bool B_ALONG, int STAGES, int THREADS>
struct SlabRing {
    struct Stage {
        Slab<T, BM, BK, A_ALONG> a;
        Slab<T, BN, BK, B_ALONG> b;
    };
    static constexpr std::size_t BYTES = STAGES * sizeof(Stage);
    static_assert(BYTES <= 227 * 1024, "a multiprocessor has 227 KB of shared memory for a block");

    // Calls multiply(stage) for one slab after the other of k from `first` to `last` - 1, while
    // later ones are on their way. Each thread waits for its own copies and then for the others' at
    // the barrier, behind which nobody reads the oldest stage any more.
    template <class Multiply>
    __device__ __forceinline__ static void run(const Arguments<T>& p, const Tile& tile,
                                               long long first, long long last, Stage* stages,
                                               Multiply multiply) {
        SlabReader<T, BM, BK, A_ALONG, THREADS> a(p.a, tile.l, tile.m, first);
        SlabReader<T, BN, BK, B_ALONG, THREADS> b(p.b, tile.l, tile.n, first);
        const int depth = int(last - first), steps = int((last - first + BK - 1) / BK);
        auto start = [&](int step) {
            if (step < steps) {
                a.start(stages[step % STAGES].a, depth - step * BK);
                b.start(stages[step % STAGES].b, depth - step * BK);
            }
            ptx::copy_commit();
        };
        for (int s = 0; s < STAGES - 1; s++) start(s);
        for (int step = 0; step < steps; step++) {
            ptx::copy_wait<STAGES - 2>();
            __syncthreads();
            start(step + STAGES - 1);
            multiply(stages[step % STAGES]);
        }
        ptx::copy_wait<0>();
    }
};

// Calls run(a_along, b_along), both std::bool_constant: which axes have stride 1.
template <class Run>
void by_layout(const Matmul& p, Run run) {
    auto with = [&](auto a_along) {
        return p.b.column_major() ? run(a_along, std::true_type())
                                  : run(a_along, std::false_type());
    };
    return p.a.row_major() ? with(std::true_type()) : with(std::false_type());
}

// ---- where a warp's part lies in a tile of 128 x 128 that 8 warps share, 2 x 4
// --------------------

constexpr int WARPS_M = 2, WARPS_N = 4, MMA_THREADS = 32 * WARPS_M * WARPS_N;
constexpr int MMA_BM = 128, MMA_BN = 128, WM = MMA_BM / WARPS_M, WN = MMA_BN / WARPS_N;

__device__ __forceinline__ int warp_row() {
    return threadIdx.x / 32 / WARPS_N * WM;
}
__device__ __forceinline__ int warp_column() {
    return threadIdx.x / 32 % WARPS_N * WN;
}

}  // namespace mt::matmul
