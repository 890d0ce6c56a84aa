// Implicit products by wgmma: the kernel of k10 (16 bits) and k11 (TF32) for fwd and dgrad.
//
//   a (places x terms)    what each place sees at a tap, by the copy engine's im2col
//   b (terms x filters)   the packed filters, a tensor of channels, taps and filters
//
// A slab is 128 bytes of one tap's channels; where these end, both operands have zeros.
#pragma once

#include "cuda/common/hopper.cuh"
#include "cuda/common/packs.cuh"
#include "cuda/conv/pixels.cuh"

namespace mt::conv {

// 128 rows x BN filters; two blocks share a multiprocessor unless the sums take all registers.
template <class T, int BN>
struct WgmmaShape : Crew<BN == 256 ? 1 : 2> {
    static constexpr int BM = 128, STAGES = BN == 128 ? 3 : 4;
    template <bool ALONG>
    using Ring = BoxRing<T, BM, BN, ALONG, ALONG, STAGES>;
    static_assert(WgmmaShape::BLOCKS * (sizeof(Ring<true>) + 1024) <= 228 * 1024,
                  "the blocks share a multiprocessor's memory");
};

struct CorrelationMaps {
    PixelMap image;
    ptx::TensorMap filters;
    bool pairs;  // whether y takes two filters at a time
};

template <class T, int BN>
struct CorrelationTile {
    typedef typename WgmmaShape<T, BN>::template Ring<true> Ring;
    static constexpr int SPAN = 128 / sizeof(T);
    const Correlation<T>& c;
    const CorrelationMaps& maps;
    int m0, n0, steps;
    Spot seen;
    Tap tap;
    int number = 0, channel = 0;  // of the tap, of the slab

    __device__ __forceinline__ CorrelationTile(const Correlation<T>& c, const CorrelationMaps& maps,
                                               unsigned index, unsigned columns)
        : c(c),
          maps(maps),
          m0(index / columns * 128),
          n0(index % columns * BN),
          steps(c.window() * ((c.inputs + SPAN - 1) / SPAN)),
          seen(Spot(c, m0).seen(c)),
          tap(c, 0) {}

    __device__ __forceinline__ void load(Ring& ring, int stage, int) {
        std::uint64_t* full = ring.expect(stage);
        load_pixels(ring.a[stage].data, maps.image, full, channel, seen, tap.at);
        ptx::tensor_load(ring.b[stage].data, maps.filters, full, {channel, number, n0});
        channel += SPAN;
        if (channel < c.inputs) return;
        channel = 0, number++;
        tap.next(c);
    }

    __device__ __forceinline__ void store(int row, const float (&sums)[BN / 2]) {
        const int lane = threadIdx.x % 32;
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int m = m0 + row + threadIdx.x % 128 / 32 * 16 + lane / 4 + 8 * half;
            if (m >= c.places()) continue;
            const long long at = y_offset(c, m);
#pragma unroll
            for (int i = 2 * half; i < BN / 2; i += 4)
                store_two(at, n0 + i / 4 * 8 + lane % 4 * 2, sums[i], sums[i + 1]);
        }
    }
    __device__ __forceinline__ void store_two(long long at, int out, float one, float other) {
        if (out >= c.outputs) return;
        if (maps.pairs)
            return store_pack<2>(c.y + at + out,
                                 {{finished(c, out, one), finished(c, out + 1, other)}});
        mt::conv::store(c, at, 0, out, one);
        if (out + 1 < c.outputs) mt::conv::store(c, at, 0, out + 1, other);
    }
};

// ---- on the host --------------------------------------------------------------------------------

template <class T, int BN>
CorrelationMaps correlation_maps(const Conv& p, const Correlation<T>& c, const T* packed) {
    constexpr int SPAN = 128 / sizeof(T);
    TensorView filters{p.dtype, packed, 3, {}, {}};
    filters.size[0] = c.inputs, filters.size[1] = c.window(), filters.size[2] = c.outputs;
    filters.stride[0] = 1, filters.stride[1] = c.inputs, filters.stride[2] = c.terms();
    long long odd = reinterpret_cast<std::uintptr_t>(c.y) / sizeof(T) | c.outputs | c.y_n;
    for (long long stride : c.y_axis) odd |= stride;
    return {pixels_seen("", p, c).map(SPAN, WgmmaShape<T, BN>::BM),
            ptx::tiled_map(filters, {{SPAN, 1, BN}, Swizzle::b128}), c.y_c == 1 && odd % 2 == 0};
}

// How many filters a tile has: 256 (whose slabs bring most products a byte), unless a narrower tile
// wastes less or the multiprocessors would have nothing to do.
inline int tile_width(int outputs, unsigned rows_of_tiles) {
    if (outputs <= 64) return 64;
    const unsigned wide = blocks_for(outputs, 256), narrow = blocks_for(outputs, 128);
    return 2 * wide > narrow || rows_of_tiles * wide < unsigned(multiprocessors()) ? 128 : 256;
}
// Calls go(its width as a constant).
template <class Go>
void by_tile_width(int outputs, unsigned rows_of_tiles, Go go) {
    const int width = tile_width(outputs, rows_of_tiles);
    if (width == 64)
        go(std::integral_constant<int, 64>());
    else if (width == 128)
        go(std::integral_constant<int, 128>());
    else
        go(std::integral_constant<int, 256>());
}

constexpr int CLEAR_THREADS = 256;

// The places of a residue class that no tap sees; a thread for each element.
template <class T>
__global__ void __launch_bounds__(CLEAR_THREADS) clear_class(Correlation<T> c) {
    const long long i = blockIdx.x * (long long)CLEAR_THREADS + threadIdx.x;
    if (i < (long long)c.places() * c.outputs)
        store(c, y_offset(c, int(i / c.outputs)), 0, int(i % c.outputs), Sum<T>(0));
}

// Packs the filters and calls go(width, maps, tiles, columns of tiles) to launch the kernel.
template <class T, class Go>
void correlate_wgmma(const Conv& p, const Correlation<T>& c, Go go) {
    if (!c.window()) {
        const unsigned blocks = blocks_for((long long)c.places() * c.outputs, CLEAR_THREADS);
        launch(LaunchShape{"conv clear_class", blocks, CLEAR_THREADS, 0, p.stream}, clear_class<T>,
               c);
        return;
    }
    const T* packed = pack(c, p);
    const unsigned rows = blocks_for(c.places(), 128);
    by_tile_width(c.outputs, rows, [&](auto width) {
        const unsigned columns = blocks_for(c.outputs, width);
        go(width, correlation_maps<T, width>(p, c, packed), rows * columns, columns);
    });
}

inline std::string wgmma_here(const Conv& p) {
    if (compute_capability() != 90) return "wgmma is for compute capability 9.0";
    return p.groups > 1 ? "a slab has one group's channels; see k06_depthwise and k08_mma" : "";
}
template <class T>
std::string fwd_unfit(const Conv& p) {
    std::string reason = wgmma_here(p);
    return reason.empty() ? pixels_seen("x", p, forward<T>(p)).unfit() : reason;
}
template <class T>
std::string dgrad_unfit(const Conv& p) {
    std::string reason = wgmma_here(p);
    if (reason.empty())
        each_class<T>(p, [&](auto c) {
            if (c.window() && reason.empty()) reason = pixels_seen("dy", p, c).unfit();
        });
    return reason;
}

}  // namespace mt::conv
