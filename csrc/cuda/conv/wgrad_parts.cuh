// wgrad's sums in parts, and its kernel by multiply-adds: what k04, k07 and the tensor cores share.
#pragma once

#include "cuda/conv/wgrad_tile.cuh"

namespace mt::conv {

// dw's few elements are sums over many places: `parts` runs of `places` each, whose sums lie as
// partial[part][group][out][term] in the workspace until add_parts adds them in their order. With
// one part they go straight to dw.
template <class T>
struct Parts {
    int parts, places;
    Sum<T>* partial;
};

// Where a finished sum goes.
template <class T>
__device__ __forceinline__ void store_filter(const Correlation<T>& c, const Parts<T>& parts,
                                             int part, int group, int out, int term, Sum<T> sum) {
    if (out >= c.outputs || term >= c.terms()) return;
    if (parts.parts > 1) {
        const long long row = ((long long)part * c.groups + group) * c.outputs + out;
        parts.partial[row * c.terms() + term] = sum;
        return;
    }
    const int in = c.by_input.split(term);
    c.filter[group * c.f_group + out * c.f_out + in * c.f_in + Tap(c, term).in_filter(c)] = T(sum);
}

constexpr int ADD_THREADS = 256;

// One thread per element of dw.
template <class T>
__global__ void __launch_bounds__(ADD_THREADS) add_parts(Correlation<T> c, Parts<T> parts) {
    const long long i = blockIdx.x * (long long)ADD_THREADS + threadIdx.x;
    const long long elements = (long long)c.groups * c.outputs * c.terms(), k = i / c.terms();
    if (i >= elements) return;
    Sum<T> sum = 0;
    for (int part = 0; part < parts.parts; part++) sum += parts.partial[part * elements + i];
    const Parts<T> whole{1, 0, nullptr};
    store_filter(c, whole, 0, int(k / c.outputs), int(k % c.outputs), int(i % c.terms()), sum);
}

// Launches the kernel that adds the parts, if there are several.
template <class T>
void add_up(const char* name, const Correlation<T>& c, const Parts<T>& parts, const Conv& p) {
    const long long elements = (long long)c.groups * c.outputs * c.terms();
    if (parts.parts > 1)
        launch(LaunchShape{name, blocks_for(elements, ADD_THREADS), ADD_THREADS, 0, p.stream},
               add_parts<T>, c, parts);
}

// As many parts as give every multiprocessor two blocks, of four slices at least.
template <class T>
int parts_for(const Correlation<T>& c) {
    typedef WgradTile<T> Tile;
    const long long blocks =
        std::max(1ll, (long long)c.groups * blocks_for(c.terms(), Tile::TERMS) *
                          blocks_for(c.outputs, Tile::OUTS));
    const long long most = c.places() / (4 * Tile::PLACES);
    return int(
        std::max(1ll, std::min({2ll * multiprocessors() / blocks, most, 65535ll / c.groups})));
}

template <class T>
std::size_t bytes_of_parts(const Correlation<T>& c, long long parts) {
    return parts > 1 ? sizeof(Sum<T>) * parts * c.groups * c.outputs * c.terms() : 0;
}
inline std::size_t parts_workspace(const Conv& p) {
    std::size_t bytes = 0;
    run_fwd(p, [&](auto c) { bytes = bytes_of_parts(c, parts_for(c)); });
    return bytes;
}

// Launches kernel(c, parts), which makes a tile of one part, and adds the parts up.
template <class T, class Kernel>
void launch_parts(const char* name, Kernel kernel, const Correlation<T>& c, const Conv& p,
                  int count) {
    typedef WgradTile<T> Tile;
    const int slices = (c.places() + Tile::PLACES - 1) / Tile::PLACES;
    Parts<T> parts{count, (slices + count - 1) / count * Tile::PLACES,
                   static_cast<Sum<T>*>(p.workspace)};
    dim3 grid(blocks_for(c.terms(), Tile::TERMS), blocks_for(c.outputs, Tile::OUTS),
              c.groups * count);
    launch(LaunchShape{name, grid, Tile::THREADS, Tile::BYTES, p.stream}, kernel, c, parts);
    add_up(name, c, parts, p);
}

// The block's part and tile.
struct WgradBlock {
    int part, group, m0, n0, begin, end;
    template <class T>
    __device__ __forceinline__ WgradBlock(const Correlation<T>& c, const Parts<T>& parts)
        : part(blockIdx.z % parts.parts),
          group(blockIdx.z / parts.parts),
          m0(blockIdx.y * WgradTile<T>::OUTS),
          n0(blockIdx.x * WgradTile<T>::TERMS),
          begin(min(part * parts.places, c.places())),
          end(min(begin + parts.places, c.places())) {}
};

// ---- by multiply-adds ---------------------------------------------------------------------------

// A thread makes 4 filters x (4 + 4) terms: two runs of 4, half a tile apart.
template <class T, bool VECTOR>
__global__ void __launch_bounds__(256, sizeof(T) == 4 ? 2 : 1)
    multiply_wgrad(Correlation<T> c, Parts<T> parts) {
    typedef WgradTile<T> Tile;
    constexpr int TM = 4, TN = 8;
    static_assert(Tile::OUTS / TM * (Tile::TERMS / TN) == Tile::THREADS, "threads cover the tile");
    MT_DYNAMIC_SHARED(T, shared);
    const WgradBlock b(c, parts);
    const int out = threadIdx.x / 16 * TM, term = threadIdx.x % 16 * 4;
    Sum<T> sum[TM][TN] = {};
    auto multiply = [&](const T* dy, const T* x) {
#pragma unroll
        for (int k = 0; k < Tile::PLACES; k++, dy += Tile::OUT_PITCH, x += Tile::TERM_PITCH) {
            Sum<T> left[TM], right[TN];
#pragma unroll
            for (int i = 0; i < TM; i++) left[i] = Sum<T>(dy[out + i]);
#pragma unroll
            for (int j = 0; j < TN; j++)
                right[j] = Sum<T>(x[j / 4 * (Tile::TERMS / 2) + term + j % 4]);
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN; j++) sum[i][j] += left[i] * right[j];
        }
    };
    Tile::template each_slice<VECTOR>(shared, c, b.begin, b.end, b.group, b.m0, b.n0, multiply);
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++)
            store_filter(c, parts, b.part, b.group, b.m0 + out + i,
                         b.n0 + j / 4 * (Tile::TERMS / 2) + term + j % 4, sum[i][j]);
}

// For float32 and float64.
template <class T>
void filter_gradient(const char* name, const Correlation<T>& c, const Conv& p, int parts) {
    if constexpr (sizeof(T) >= 4)
        launch_parts(name,
                     image_in_chunks(c) && y_in_chunks(c) ? multiply_wgrad<T, true>
                                                          : multiply_wgrad<T, false>,
                     c, p, parts);
}

}  // namespace mt::conv
