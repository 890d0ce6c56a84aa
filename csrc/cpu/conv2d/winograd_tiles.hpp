// Where Winograd's tiles lie in the images, and how their windows come into vectors.
#pragma once

#include <algorithm>

#include "cpu/conv2d/k03_packed.hpp"
#include "cpu/conv2d/winograd.hpp"

namespace mt::MT_ISA {

// Planes as they lie in memory: N images of `channels`, of which a group takes `depth`.
template <class T>
struct Planes {
    T* data;
    long N, channels, depth, H, W;

    long area() const { return H * W; }
    long blocks() const { return (depth + Simd<T>::LANES - 1) / Simd<T>::LANES; }
    long padded() const { return blocks() * Simd<T>::LANES; }
};

// Results are made in tiles of M x M; tile t counts through a row, down an image, on to the next.
struct Tiles {
    long across, an_image, count;

    Tiles(int M, long N, long H, long W)
        : across((W + M - 1) / M), an_image((H + M - 1) / M * across), count(N * an_image) {}
};

struct Corner {
    long n, h, w;  // image, row and column of a tile's first number
};

inline Corner corner(const Tiles& tiles, int M, long t) {
    long inside = t % tiles.an_image;
    return {t / tiles.an_image, inside / tiles.across * M, inside % tiles.across * M};
}

// Elements of a transformed matrix, of one point: LANES channels to a block, tiles inside. A cache
// line more, or all points of a tile would compete for the same lines of the cache.
template <class T>
inline long point_room(long tiles, long padded_channels) {
    return tiles * padded_channels + 64 / sizeof(T);
}

// SIZE x SIZE numbers of LANES channels, `first` and on, of a group's planes; a lane each. Zeros
// outside the image; channels that are not there repeat the last.
template <int SIZE, class T>
inline void load_window(const Planes<const T>& from, long group, long first, const Corner& at,
                        Vector<T>* to) {
    constexpr long LANES = Simd<T>::LANES, WIDTH = (SIZE + LANES - 1) / LANES * LANES;
    const long h0 = std::max(0L, -at.h), h1 = std::min<long>(SIZE, from.H - at.h);
    const long w0 = std::max(0L, -at.w), w1 = std::min<long>(SIZE, from.W - at.w);
    const long start = at.n * from.channels + group * from.depth;
    const long last = std::min(first + LANES, from.depth) - 1, corner = at.h * from.W + at.w;
    // Whole vectors are read, a little more than the window; that must not leave the array.
    const long lowest = (start + first) * from.area() + corner + h0 * from.W;
    const long highest = (start + last) * from.area() + corner + (h1 - 1) * from.W + WIDTH;
    const bool inside = lowest >= 0 && highest <= from.N * from.channels * from.area();
    T copy[SIZE * LANES * WIDTH];
    const T* rows[LANES];
    long row = from.W;
    for (long k = 0; k < LANES; k++)
        rows[k] = from.data + (start + std::min(first + k, last)) * from.area() + corner;
    if (!inside) {
        for (long k = 0; k < LANES; k++) {
            for (long h = h0; h < h1; h++)
                for (long w = w0; w < w1; w++)
                    copy[(k * SIZE + h) * WIDTH + w] = rows[k][h * from.W + w];
            rows[k] = copy + k * SIZE * WIDTH;
        }
        row = WIDTH;
    }
    const bool whole = h1 - h0 == SIZE && w1 - w0 == SIZE;
    for (long h = 0; h < SIZE; h++, to += SIZE) {
        if (h < h0 || h >= h1) {
            for (long w = 0; w < SIZE; w++) to[w] = Vector<T>{};
            continue;
        }
        for (long w = 0; w < SIZE; w += LANES) {
            Vector<T> square[LANES];
#pragma GCC unroll 16
            for (long k = 0; k < LANES; k++) square[k] = load(rows[k] + h * row + w);
            transpose<T>(square);
#pragma GCC unroll 16
            for (long k = 0; k < LANES; k++)
                if (w + k < SIZE) to[w + k] = square[k];
        }
        if (!whole)
            for (long w = 0; w < SIZE; w++)
                if (w < w0 || w >= w1) to[w] = Vector<T>{};
    }
}

// The other way: M x M vectors, a lane for each channel, into the planes, as far as they reach.
template <int M, class T>
inline void store_tile(const Vector<T>* from, const Planes<T>& to, long group, long first,
                       const Corner& at) {
    constexpr long LANES = Simd<T>::LANES, SIZE = (M * M + LANES - 1) / LANES * LANES;
    T tile[LANES][SIZE];
#pragma GCC unroll 16
    for (long i = 0; i < SIZE; i += LANES) {
        Vector<T> square[LANES];
#pragma GCC unroll 16
        for (long k = 0; k < LANES; k++) square[k] = i + k < M * M ? from[i + k] : Vector<T>{};
        transpose<T>(square);
#pragma GCC unroll 16
        for (long k = 0; k < LANES; k++) store(tile[k] + i, square[k]);
    }
    const long count = std::min(LANES, to.depth - first);
    const long rows = std::min<long>(M, to.H - at.h), columns = std::min<long>(M, to.W - at.w);
    T* out = to.data + (at.n * to.channels + group * to.depth + first) * to.area();
    out += at.h * to.W + at.w;
    for (long k = 0; k < count; k++, out += to.area())
        for (long h = 0; h < rows; h++)
            if (columns == M)
                std::copy(tile[k] + h * M, tile[k] + h * M + M, out + h * to.W);
            else
                std::copy(tile[k] + h * M, tile[k] + h * M + columns, out + h * to.W);
}

}  // namespace mt::MT_ISA
