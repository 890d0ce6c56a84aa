// k02_outputs
// Idea:     outputs found by multiplications; windows of 2 x 2 and 3 x 3 unrolled, four per thread.
// Changed since k01_naive: places come from 32-bit multiply-and-shift (Divider) instead of 64-bit
//           divisions; the taps of a known window are loads that do not depend on each other, and
//           a thread starts those of four outputs before it compares any. Loops of other lengths
//           would not unroll: there a thread has one output.
// Requires: fewer than 2^31 outputs and elements in a plane.
// Launch:   blocks of 256 threads and 1024 (256) outputs; a thread's four lie 256 apart, so that
//           every access of a warp is to neighbours.
// Reading:  memory-bound: an element is fetched from memory once and again from L1 where windows
//           overlap. To fill the memory's pipe a multiprocessor needs some 30 KB of loads under
//           way; 2048 threads with 4 x 4 loads of 4 bytes are 128 KB. What is left to gain is the
//           number of instructions: k03_tiles loads 16 bytes with each.
#include "cuda/pool/rungs.hpp"
#include "cuda/pool/windows.cuh"

namespace mt::pool {

namespace {

constexpr int THREADS = 256;

// Outputs per thread: four of a window that is known when compiled.
constexpr int outputs_each(int window) {
    return window > 0 ? 4 : 1;
}

struct Places {
    Divider width, height, depth;  // of the outputs of a plane
};

// maximum() and total() of one image's window with sides known when compiled.
template <int WINDOW, class T>
__device__ __forceinline__ Maximum<T> fixed_maximum(const Arguments<T>& a, const T* x, int p,
                                                    int q) {
    const Axis &H = a.axis[1], &W = a.axis[2];
    Sum<T> seen[WINDOW][WINDOW];
    const int h = p * H.stride - H.before, w = q * W.stride - W.before;
#pragma unroll
    for (int r = 0; r < WINDOW; r++)
#pragma unroll
        for (int s = 0; s < WINDOW; s++) {
            const bool inside = h + r >= 0 && h + r < H.size && w + s >= 0 && w + s < W.size;
            seen[r][s] = inside ? Sum<T>(x[(h + r) * W.size + w + s]) : -Sum<T>(INFINITY);
        }
    Maximum<T> best;
    best.at = H.first(p) * WINDOW + W.first(q);
#pragma unroll
    for (int r = 0; r < WINDOW; r++)
#pragma unroll
        for (int s = 0; s < WINDOW; s++) best.see(seen[r][s], r * WINDOW + s);
    return best;
}

template <int WINDOW, class T>
__device__ __forceinline__ Sum<T> fixed_total(const Arguments<T>& a, const T* x, int p, int q) {
    const Axis &H = a.axis[1], &W = a.axis[2];
    const int h = p * H.stride - H.before, w = q * W.stride - W.before;
    Sum<T> sum = 0;
#pragma unroll
    for (int r = 0; r < WINDOW; r++)
#pragma unroll
        for (int s = 0; s < WINDOW; s++) {
            const bool inside = h + r >= 0 && h + r < H.size && w + s >= 0 && w + s < W.size;
            sum += inside ? Sum<T>(x[(h + r) * W.size + w + s]) : Sum<T>(0);
        }
    return a.divide ? sum / a.elements(0, p, q) : sum;
}

// Two blocks ask for no more than there is; without them ptxas aims at fewer registers and spills.
template <PoolPass PASS, int WINDOW, class T>
__global__ void __launch_bounds__(THREADS, 2) k02(Arguments<T> a, Places by) {
    constexpr bool BACK = PASS == PoolPass::unmax || PASS == PoolPass::unsum;
    constexpr int EACH = outputs_each(WINDOW);
    const long long first = blockIdx.x * (long long)(THREADS * EACH) + threadIdx.x;
    T value[EACH];
    int at[EACH];
#pragma unroll
    for (int e = 0; e < EACH; e++) {
        if (first + e * THREADS >= a.outputs) continue;
        const int i = int(first) + e * THREADS;
        int n = i;
        const int q = by.width.split(n), p = by.height.split(n), o = by.depth.split(n);
        const T* x = BACK ? nullptr : a.x + n * a.plane();
        if constexpr (PASS == PoolPass::max) {
            Maximum<T> best;
            if constexpr (WINDOW > 0)
                best = fixed_maximum<WINDOW>(a, x, p, q);
            else
                best = maximum(a, x, o, p, q);
            value[e] = T(best.value), at[e] = best.at;
        } else if constexpr (PASS == PoolPass::at) {
            value[e] = picked(a, x, o, p, q, a.index_at(i));
        } else if constexpr (PASS == PoolPass::sum) {
            if constexpr (WINDOW > 0)
                value[e] = T(fixed_total<WINDOW>(a, x, p, q));
            else
                value[e] = T(total(a, x, o, p, q));
        } else {
            const long long windows =
                (long long)a.axis[0].count * a.axis[1].count * a.axis[2].count;
            value[e] = T(gathered<PASS == PoolPass::unmax>(a, n * windows, o, p, q));
        }
    }
    T* out = BACK ? a.x : a.y;
#pragma unroll
    for (int e = 0; e < EACH; e++) {
        const long long i = first + e * THREADS;
        if (i >= a.outputs) continue;
        out[i] = value[e];
        if constexpr (PASS == PoolPass::max) a.set_index(i, at[e]);
    }
}

template <PoolPass PASS, int WINDOW>
void launch_window(const Pool& p) {
    by_type(p.dtype, [&](auto type) {
        typedef decltype(type) T;
        const Arguments<T> a = typed<T>(p);
        const long long* plane = p.writes_plane() ? p.size : p.count;
        const Places by{Divider(plane[2]), Divider(plane[1]), Divider(plane[0])};
        launch(
            LaunchShape{"pool k02_outputs", blocks_for(a.outputs, THREADS * outputs_each(WINDOW)),
                        THREADS, 0, p.stream},
            k02<PASS, WINDOW, T>, a, by);
    });
}

// The windows with code of their own: those of nearly every network.
template <PoolPass PASS>
void launch_pass(const Pool& p) {
    const bool flat = p.size[0] == 1 && p.window[0] == 1 && p.window[1] == p.window[2];
    if (flat && p.window[1] == 2) return launch_window<PASS, 2>(p);
    if (flat && p.window[1] == 3) return launch_window<PASS, 3>(p);
    launch_window<PASS, 0>(p);
}

void run(const Pool& p) {
    switch (p.pass) {
        case PoolPass::max:
            return launch_pass<PoolPass::max>(p);
        case PoolPass::unmax:
            return launch_window<PoolPass::unmax, 0>(p);
        case PoolPass::at:
            return launch_window<PoolPass::at, 0>(p);
        case PoolPass::sum:
            return launch_pass<PoolPass::sum>(p);
        case PoolPass::unsum:
            return launch_window<PoolPass::unsum, 0>(p);
    }
}

std::string supports(const Pool& p) {
    const long long most = 0x7fffffff;
    const bool few = p.plane() <= most && p.planes * p.windows() <= most &&
                     (!p.writes_plane() || p.planes * p.plane() <= most);
    return few ? "" : "it counts outputs and elements of a plane in 31 bits";
}

}  // namespace

const PoolRung k02_outputs = {
    {"k02_outputs", "no divisions, windows unrolled, four outputs per thread",
     "fewer than 2^31 outputs"},
    supports,
    run};

}  // namespace mt::pool
