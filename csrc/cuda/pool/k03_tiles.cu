// k03_tiles
// Idea:     windows of 2 x 2 that tile the image, 16 bytes of each of their two rows at a time.
// Changed since k02_outputs: a thread takes 16 / sizeof(T) neighbours of two rows with one access
//           each; half as many windows, with their values and indices, are one access too. An
//           element of float32 costs 1/4 of a memory instruction instead of 1, and backwards each
//           window is read once and not by each of the four places that it covers.
// Requires: windows of 2 x 2, stride 2, no padding, an even number of rows, rows of whole 16 bytes,
//           arrays aligned to 16 bytes; not the pass `at`; fewer than 2^31 of these pieces.
// Launch:   blocks of 256 threads, one piece each: 2048 threads of a multiprocessor have 64 KB of
//           loads under way, and every access of a warp is 512 bytes in a row.
// Reading:  pieces are numbered through all pairs of rows of all planes: as the windows tile, the
//           pairs follow each other in memory without a gap, and one division finds the pair.
#include "cuda/common/packs.cuh"
#include "cuda/pool/rungs.hpp"
#include "cuda/pool/windows.cuh"

namespace mt::pool {

namespace {

constexpr int THREADS = 256;

template <class T>
constexpr int WIDE = WIDEST<T>;
template <class T>
using Row = Pack<T, WIDE<T>>;  // of the image
template <class T>
using Half = Pack<T, WIDE<T> / 2>;  // as many windows
template <class T>
using Places = Pack<std::uint8_t, WIDE<T> / 2>;

// Where a piece lies: in the upper row of its pair, and among the windows.
struct Piece {
    long long upper, window;
};
template <class T>
__device__ __forceinline__ Piece piece_at(int i, int width, const Divider& pieces) {
    const int within = pieces.split(i);  // i is now the pair
    return {2ll * i * width + within * WIDE<T>, (long long)i * (width / 2) + within * WIDE<T> / 2};
}

template <PoolPass PASS, class T>
__global__ void __launch_bounds__(THREADS) k03_fwd(Arguments<T> a, int count, Divider pieces) {
    const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
    if (i >= count) return;
    const int width = a.axis[2].size;
    const Piece at = piece_at<T>(int(i), width, pieces);
    const Row<T> upper = load_pack<WIDE<T>>(a.x + at.upper);
    const Row<T> lower = load_pack<WIDE<T>>(a.x + at.upper + width);
    Half<T> y;
    Places<T> places;
#pragma unroll
    for (int q = 0; q < WIDE<T> / 2; q++) {
        const T seen[4] = {upper.at[2 * q], upper.at[2 * q + 1], lower.at[2 * q],
                           lower.at[2 * q + 1]};
        if constexpr (PASS == PoolPass::max) {
            Maximum<T> best;
            best.at = 0;
#pragma unroll
            for (int tap = 0; tap < 4; tap++) best.see(Sum<T>(seen[tap]), tap);
            y.at[q] = T(best.value), places.at[q] = std::uint8_t(best.at);
        } else {
            Sum<T> sum = 0;
#pragma unroll
            for (int tap = 0; tap < 4; tap++) sum += Sum<T>(seen[tap]);
            y.at[q] = T(a.divide ? sum / Sum<T>(4) : sum);
        }
    }
    store_pack(a.y + at.window, y);
    if constexpr (PASS == PoolPass::max)
        store_pack(static_cast<std::uint8_t*>(a.index) + at.window, places);
}

template <PoolPass PASS, class T>
__global__ void __launch_bounds__(THREADS) k03_back(Arguments<T> a, int count, Divider pieces) {
    const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
    if (i >= count) return;
    const int width = a.axis[2].size;
    const Piece at = piece_at<T>(int(i), width, pieces);
    const Half<T> y = load_pack<WIDE<T> / 2>(a.y + at.window);
    Places<T> places{};
    if constexpr (PASS == PoolPass::unmax)
        places = load_pack<WIDE<T> / 2>(static_cast<const std::uint8_t*>(a.index) + at.window);
    Row<T> rows[2];
#pragma unroll
    for (int q = 0; q < WIDE<T> / 2; q++)
#pragma unroll
        for (int tap = 0; tap < 4; tap++) {
            Sum<T> value = Sum<T>(y.at[q]);
            if (PASS == PoolPass::unsum && a.divide) value = value / Sum<T>(4);
            if (PASS == PoolPass::unmax && places.at[q] != tap) value = 0;
            rows[tap / 2].at[2 * q + tap % 2] = T(value);
        }
    store_pack(a.x + at.upper, rows[0]);
    store_pack(a.x + at.upper + width, rows[1]);
}

long long pieces_of(const Pool& p) {
    return p.planes * p.size[0] * p.count[1] * p.size[2] * (long long)size_of(p.dtype) / 16;
}

template <PoolPass PASS>
void launch_pass(const Pool& p) {
    by_type(p.dtype, [&](auto type) {
        typedef decltype(type) T;
        const int count = int(pieces_of(p));
        const LaunchShape shape{"pool k03_tiles", blocks_for(count, THREADS), THREADS, 0, p.stream};
        const Divider pieces(p.size[2] / WIDE<T>);
        if constexpr (PASS == PoolPass::unmax || PASS == PoolPass::unsum)
            launch(shape, k03_back<PASS, T>, typed<T>(p), count, pieces);
        else
            launch(shape, k03_fwd<PASS, T>, typed<T>(p), count, pieces);
    });
}

void run(const Pool& p) {
    switch (p.pass) {
        case PoolPass::max:
            return launch_pass<PoolPass::max>(p);
        case PoolPass::unmax:
            return launch_pass<PoolPass::unmax>(p);
        case PoolPass::sum:
            return launch_pass<PoolPass::sum>(p);
        case PoolPass::unsum:
            return launch_pass<PoolPass::unsum>(p);
        case PoolPass::at:
            return;  // not supported
    }
}

std::string supports(const Pool& p) {
    if (p.pass == PoolPass::at) return "it does not do the pass at";
    for (int i = 1; i < 3; i++)
        if (p.window[i] != 2 || p.stride[i] != 2 || p.before[i] || p.after[i])
            return "it pools by windows of 2 x 2 with stride 2 and no padding";
    if (p.window[0] != 1 || p.stride[0] != 1 || p.before[0] || p.after[0])
        return "it pools two axes";
    if (p.size[1] != 2 * p.count[1] || p.size[2] * (long long)size_of(p.dtype) % 16)
        return "it takes an even number of rows, of whole 16 bytes each";
    if (!aligned(p.x, 16) || !aligned(p.y, 8) || !aligned(p.index, 4))
        return "its arrays must be aligned to 16 bytes";
    return pieces_of(p) <= 0x7fffffff ? "" : "it counts pieces of 16 bytes in 31 bits";
}

}  // namespace

const PoolRung k03_tiles = {{"k03_tiles", "windows of 2 x 2 by accesses of 16 bytes",
                             "windows of 2 x 2, stride 2, rows of whole 16 bytes"},
                            supports,
                            run};

}  // namespace mt::pool
