// Max pooling, rung 3: vectors of windows, and a table instead of a division.
//
// Idea      A vector holds one element of each of so many windows beside each other; the search
//           compares whole vectors and stays in registers. The gradient knows from a table how far
//           from its window's corner a place lies.
// Changed   Elements two apart come by two loads and a shuffle instead of one by one, the last
//           vector of a row overlaps the one before; unpooling neither divides nor, where a
//           window lies inside the image, tests where it is.
// Requires  Nothing; unpooling windows of more than 255 places is rung 2's.
// Launch    Tasks of whole planes, of some 65,000 elements each.
// Reading   stride.hpp, then Vectors::max and unmax_inside.
#include "common/stride.hpp"
#include "cpu/pool2d/walk.hpp"

namespace mt::MT_ISA {
namespace {

// A block of windows beside each other, all inside the image, the first at x. 0: d says it.
template <long R_, long S_, long STRIDE>
struct Vectors {
    template <class T>
    static void one(const Pool2d& d, const T* x, T* y, Bits<T>* place) {
        const long R = R_ ? R_ : d.R, S = S_ ? S_ : d.S;
        *y = *x, *place = 0;
        for (long r = 0; r < R; r++)
            for (long s = 0; s < S; s++) look(x[r * d.W + s], Bits<T>(r * S + s), *y, *place);
    }

    template <class T>
    static void several(const Pool2d& d, const T* x, T* y, Bits<T>* places) {
        const long R = R_ ? R_ : d.R, S = S_ ? S_ : d.S, stride = STRIDE ? STRIDE : d.stride_w;
        Vector<T> best = load_apart<STRIDE>(x, stride);
        typename Lanes<T>::Mask place{};
#pragma GCC unroll 3
        for (long r = 0; r < R; r++)
#pragma GCC unroll 3
            for (long s = 0; s < S; s++) {
                Vector<T> seen = load_apart<STRIDE>(x + r * d.W + s, stride);
                auto better = ~(seen <= best) & (best == best);
                best = better ? seen : best;
                place = better ? typename Lanes<T>::Mask{} + Bits<T>(r * S + s) : place;
            }
        store(y, best);
        __builtin_memcpy(places, &place, sizeof place);
    }

    template <class T>
    static void max(const Pool2d& d, const T* x, long count, T* y, Bits<T>* places) {
        constexpr long LANES = Simd<T>::LANES;
        const long stride = STRIDE ? STRIDE : d.stride_w;
        long q = 0;
        for (; q + LANES <= count; q += LANES) several(d, x + q * stride, y + q, places + q);
        if (q < count && count >= LANES) {
            q = count - LANES;
            return several(d, x + q * stride, y + q, places + q);
        }
        for (; q < count; q++) one(d, x + q * stride, y + q, places + q);
    }
};

// How far a place lies from its window's corner in the image; -1 where it is none.
class Table {
  public:
    explicit Table(const Pool2d& d) {
        for (long i = 0; i < 256; i++)
            distance_[i] = i < d.R * d.S ? static_cast<std::int32_t>(i / d.S * d.W + i % d.S) : -1;
    }
    long operator[](std::uint8_t place) const { return distance_[place]; }

  private:
    std::int32_t distance_[256];
};

template <class T>
inline void unmax_inside(const Table& table, long stride, long count, const T* y,
                         const std::uint8_t* index, T* corner) {
    for (long q = 0; q < count; q++, corner += stride) {
        long place = table[index[q]];
        if (place >= 0) corner[place] += y[q];
    }
}

template <class T>
inline void unmax_border(const Pool2d& d, long p, long q, T y, long index, T* x) {
    if (index >= d.R * d.S) return;
    long h = p * d.stride_h + index / d.S - d.pad_h, w = q * d.stride_w + index % d.S - d.pad_w;
    if (h >= 0 && h < d.H && w >= 0 && w < d.W) x[h * d.W + w] += y;
}

template <class T>
void unmax_plane(const Pool2d& d, const Table& table, const T* y, const std::uint8_t* index, T* x) {
    Range rows = inside(d.P, d.R, d.stride_h, d.pad_h, d.H);
    Range columns = inside(d.Q, d.S, d.stride_w, d.pad_w, d.W);
    for (long i = 0; i < d.H * d.W; i++) x[i] = 0;
    for (long p = 0; p < d.P; p++, y += d.Q, index += d.Q) {
        bool whole = p >= rows.begin && p < rows.end;
        long begin = whole ? columns.begin : d.Q, end = whole ? columns.end : d.Q;
        for (long q = 0; q < begin; q++) unmax_border(d, p, q, y[q], index[q], x);
        if (begin < end)
            unmax_inside(table, d.stride_w, end - begin, y + begin, index + begin,
                         x + (p * d.stride_h - d.pad_h) * d.W + begin * d.stride_w - d.pad_w);
        for (long q = end; q < d.Q; q++) unmax_border(d, p, q, y[q], index[q], x);
    }
}

// Windows of 2 x 2 that tile the image, a vector of them after the other.
template <class T>
void unmax_tiles(const Pool2d& d, const T* y, const std::uint8_t* index, T* x) {
    constexpr long LANES = Simd<T>::LANES;
    constexpr auto lanes = std::make_index_sequence<LANES>();
    for (long p = 0; p < d.P; p++, y += d.Q, index += d.Q) {
        T *upper = x + 2 * p * d.W, *lower = upper + d.W;
        long q = 0;
        for (; q + LANES <= d.Q; q += LANES) {
            const Vector<T> value = load(y + q), none{};
            const auto place = load_bytes<T>(index + q);
            store_pairs<T>(upper + 2 * q, place == 0 ? value : none, place == 1 ? value : none,
                           lanes);
            store_pairs<T>(lower + 2 * q, place == 2 ? value : none, place == 3 ? value : none,
                           lanes);
        }
        for (; q < d.Q; q++) {
            const Bits<T> value = to_bits(y[q]), place = index[q];
            upper[2 * q] = from_bits<T>(value & -Bits<T>(place == 0));
            upper[2 * q + 1] = from_bits<T>(value & -Bits<T>(place == 1));
            lower[2 * q] = from_bits<T>(value & -Bits<T>(place == 2));
            lower[2 * q + 1] = from_bits<T>(value & -Bits<T>(place == 3));
        }
        for (long w = 2 * d.Q; w < d.W; w++) upper[w] = lower[w] = 0;
    }
    for (long i = 2 * d.P * d.W; i < d.H * d.W; i++) x[i] = 0;
}

template <class T, class I>
void max(const Pool2d& d, int threads, const T* x, T* y, I* index) {
    auto plane = is(d, 2, 2)       ? max_plane<T, I, Vectors<2, 2, 2>>
                 : is(d, 3, 2)     ? max_plane<T, I, Vectors<3, 3, 2>>
                 : is(d, 3, 1)     ? max_plane<T, I, Vectors<3, 3, 1>>
                 : d.stride_w == 1 ? max_plane<T, I, Vectors<0, 0, 1>>
                 : d.stride_w == 2 ? max_plane<T, I, Vectors<0, 0, 2>>
                                   : max_plane<T, I, Vectors<0, 0, 0>>;
    for_each_plane(d, threads, [&](long n) {
        plane(d, x + n * d.H * d.W, y + n * d.P * d.Q, index + n * d.P * d.Q);
    });
}

template <class T, class I>
void unmax(const Pool2d& d, int threads, const T* y, const I* index, T* x) {
    bool tiles = is(d, 2, 2) && !d.pad_h && !d.pad_w && 2 * d.P <= d.H && 2 * d.Q <= d.W;
    bool near = d.R * d.W < (1L << 31);  // distances fit the table
    if constexpr (sizeof(I) == 1)
        if (tiles || near) {
            const Table table(d);
            return for_each_plane(d, threads, [&](long n) {
                const long from = n * d.P * d.Q, to = n * d.H * d.W;
                if (tiles) return unmax_tiles(d, y + from, index + from, x + to);
                unmax_plane(d, table, y + from, index + from, x + to);
            });
        }
    pool2d_k02_rows<T, I>().unmax(d, threads, y, index, x);
}

}  // namespace

template <class T, class I>
Pool2dKernels<T, I> pool2d_k03_vectors() {
    return {max<T, I>, unmax<T, I>};
}

#define MT_INSTANTIATE(T, I) template Pool2dKernels<T, I> pool2d_k03_vectors<T, I>();
MT_POOL2D_ALL_TYPES(MT_INSTANTIATE)

}  // namespace mt::MT_ISA
