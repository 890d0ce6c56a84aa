// wgrad by wgmma, 16-bit types: the other kernel of k10.
//
//   a (terms x places)    what the places see: boxes of 64 channels at a tap, by im2col
//   b (places x filters)  dy, walked in the same way
//
// In both the places are rows of 128 bytes of channels, and wgmma transposes them on its way. A
// tile's 128 rows are two boxes, which may be of different taps. The places are cut into runs as in
// wgrad_parts.cuh.
#pragma once

#include "cuda/conv/wgmma_tile.cuh"
#include "cuda/conv/wgrad_parts.cuh"

namespace mt::conv {

struct WgradMaps {
    PixelMap image, y;
};

// Number i of the boxes of 64 channels of all taps; zeros beyond the last.
struct TermBox {
    int number, channel;  // of the tap, the first channel
    Tap tap;
    template <class T>
    __device__ __forceinline__ TermBox(const Correlation<T>& c, int i)
        : number(i / ((c.inputs + 63) / 64)),
          channel(i % ((c.inputs + 63) / 64) * 64),
          tap(c, number < c.window() ? number : 0) {
        if (number >= c.window()) channel = c.inputs;
    }
};

template <class T, int BN>
struct WgradWgmmaTile {
    typedef typename WgmmaShape<T, BN>::template Ring<false> Ring;
    const Correlation<T>& c;
    const Parts<T>& parts;
    const WgradMaps& maps;
    int part, box, n0, begin, steps;
    TermBox upper, lower;  // box, of the rows from 0 on, and the next, of those from 64 on

    // Tiles of one run after the other, as they read the same places.
    __device__ __forceinline__ WgradWgmmaTile(const Correlation<T>& c, const Parts<T>& parts,
                                              const WgradMaps& maps, unsigned index, unsigned tiles,
                                              unsigned columns)
        : c(c),
          parts(parts),
          maps(maps),
          part(index / tiles),
          box(index % tiles / columns * 2),
          n0(index % tiles % columns * BN),
          begin(part * parts.places),
          steps((min(parts.places, c.places() - begin) + Ring::DEPTH - 1) / Ring::DEPTH),
          upper(c, box),
          lower(c, box + 1) {}

    __device__ __forceinline__ void load(Ring& ring, int stage, int step) {
        std::uint64_t* full = ring.expect(stage);
        const Spot spot(c, begin + step * Ring::DEPTH), seen = spot.seen(c);
        T* x = ring.a[stage].data;
        load_pixels(x, maps.image, full, upper.channel, seen, upper.tap.at);
        load_pixels(x + 64 * Ring::DEPTH, maps.image, full, lower.channel, seen, lower.tap.at);
        ring.b[stage].load(0, n0, 0, [&](T* to, const int (&at)[3]) {
            load_pixels(to, maps.y, full, at[0], spot, {0, 0, 0});
        });
    }

    __device__ __forceinline__ void store(int row, const float (&sums)[BN / 2]) {
        const int lane = threadIdx.x % 32;
        const TermBox terms(c, box + row / 64);
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int in = terms.channel + threadIdx.x % 128 / 32 * 16 + lane / 4 + 8 * half;
            if (in >= c.inputs) continue;
            const int term = terms.number * c.inputs + in;
#pragma unroll
            for (int i = 2 * half; i < BN / 2; i += 4)
#pragma unroll
                for (int j = 0; j < 2; j++)
                    store_filter(c, parts, part, 0, n0 + i / 4 * 8 + lane % 4 * 2 + j, term,
                                 sums[i + j]);
        }
    }
};

// ---- on the host --------------------------------------------------------------------------------

// A grid of tiles x parts: the fewest parts that keep 4/5 of the multiprocessors busy in all rounds
// of tiles, or the busiest, of parts of 8 slabs at least.
struct WgradGrid {
    unsigned columns, tiles;
    int parts, places;
};
template <class T>
WgradGrid wgrad_grid(const Correlation<T>& c, int width) {
    const int boxes = c.window() * int(blocks_for(c.inputs, 64)),
              slabs = blocks_for(c.places(), 64);
    WgradGrid grid{blocks_for(c.outputs, width), 0, 1, 0};
    grid.tiles = grid.columns * blocks_for(boxes, 2);
    const long long at_once = multiprocessors() * (width == 256 ? 1ll : 2ll);
    const long long most = std::min<long long>(slabs / 8, 4 * at_once / grid.tiles + 1);
    double best = 0;
    for (int parts = 1; parts <= std::max(1ll, most) && best < 0.8; parts++) {
        const long long all = (long long)grid.tiles * parts;
        const double busy = double(all) / double((all + at_once - 1) / at_once * at_once);
        if (busy > best) best = busy, grid.parts = parts;
    }
    const int each = (slabs + grid.parts - 1) / grid.parts;
    grid.parts = (slabs + each - 1) / each;  // none is empty
    grid.places = each * 64;
    return grid;
}

// Calls go(width, maps, parts, grid) to launch the kernel, and adds the parts up.
template <class T, class Go>
void filter_gradient_wgmma(const char* name, const Conv& p, const Correlation<T>& c, Go go) {
    by_tile_width(c.outputs, 1u << 20, [&](auto width) {
        const WgradGrid grid = wgrad_grid(c, width);
        const Parts<T> parts{grid.parts, grid.places, static_cast<float*>(p.workspace)};
        const WgradMaps maps{pixels_seen("", p, c).map(64, 64), pixels_made("", p, c).map(64, 64)};
        go(width, maps, parts, grid);
        add_up(name, c, parts, p);
    });
}

template <class T>
std::size_t wgmma_parts_workspace(const Conv& p) {
    const Correlation<T> c = forward<T>(p);
    return bytes_of_parts(c, wgrad_grid(c, tile_width(c.outputs, 1u << 20)).parts);
}
template <class T>
std::string wgrad_unfit(const Conv& p) {
    const Correlation<T> c = forward<T>(p);
    std::string reason = wgmma_here(p);
    if (reason.empty()) reason = pixels_seen("x", p, c).unfit();
    return reason.empty() ? pixels_made("dy", p, c).unfit() : reason;
}

}  // namespace mt::conv
