// The copy engine: y = the shared memory after a load, byte for byte, or the tensor after a store.
#include "cuda/common/cuda.cuh"
#include "cuda/probe/probes.hpp"

namespace mt::probe {

namespace {

constexpr int WARP = 32;

struct At {
    int first[5];
    std::uint16_t offset[3];
};

template <int RANK, bool IM2COL>
__global__ void __launch_bounds__(WARP)
    load_kernel(const __grid_constant__ ptx::TensorMap map, At at, int bytes, unsigned char* y) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    MT_DYNAMIC_SHARED(unsigned char, tile);
    MT_SHARED(std::uint64_t, full);
    if (threadIdx.x == 0) {
        ptx::barrier_init(&full, 1);
        ptx::fence_barrier_init();
        int first[RANK];
        for (int i = 0; i < RANK; i++) first[i] = at.first[i];
        ptx::prefetch(map);
        ptx::barrier_expect(&full, bytes);
        if constexpr (IM2COL) {
            std::uint16_t offset[RANK - 2];
            for (int i = 0; i < RANK - 2; i++) offset[i] = at.offset[i];
            ptx::tensor_load_im2col(tile, map, &full, first, offset);
        } else {
            ptx::tensor_load(tile, map, &full, first);
        }
    }
    __syncthreads();
    ptx::barrier_wait(&full, 0);
    for (int i = threadIdx.x; i < bytes; i += WARP) y[i] = tile[i];
#endif
}

template <int RANK>
__global__ void __launch_bounds__(WARP) store_kernel(const __grid_constant__ ptx::TensorMap map,
                                                     At at, int bytes, const unsigned char* x) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    MT_DYNAMIC_SHARED(unsigned char, tile);
    for (int i = threadIdx.x; i < bytes; i += WARP) tile[i] = x[i];
    ptx::fence_async();
    __syncthreads();
    if (threadIdx.x == 0) {
        int first[RANK];
        for (int i = 0; i < RANK; i++) first[i] = at.first[i];
        ptx::tensor_store(map, tile, first);
        ptx::store_commit();
        ptx::store_wait_read<0>();
    }
#endif
}

// ---- host: the numbers of a probe, in their order -----------------------------------------------

struct Numbers {
    const int* next;
    int take() { return *next++; }
    template <int COUNT, class T>
    void take(T (&to)[COUNT]) {
        for (T& x : to) x = T(take());
    }
};

// dtype, rank, swizzle, size[5]: a contiguous tensor.
TensorView view(Numbers& n, const void* data, Swizzle& swizzle) {
    TensorView x{};
    x.dtype = Dtype(n.take());
    x.data = data;
    x.rank = n.take();
    swizzle = Swizzle(n.take());
    n.take(x.size);
    x.stride[0] = 1;
    for (int i = 1; i < x.rank; i++) x.stride[i] = x.stride[i - 1] * x.size[i - 1];
    return x;
}

struct Tiled {
    TensorView x;
    Tile tile{};
    At at{};
    int bytes;
    Tiled(const Probe& p, const void* data) {
        Numbers n{p.number};
        x = view(n, data, tile.swizzle);
        n.take(tile.box);
        n.take(tile.step);
        n.take(at.first);
        bytes = int(size_of(x.dtype));
        for (int i = 0; i < x.rank; i++) bytes *= (tile.box[i] + tile.step[i] - 1) / tile.step[i];
    }
};
constexpr int TILED_NUMBERS = 23;

template <int RANK>
void load_tiled(const Probe& p, const Tiled& t) {
    LaunchShape shape{"probe tensor_load", dim3(1), dim3(WARP), std::size_t(t.bytes), p.stream};
    launch(shape, load_kernel<RANK, false>, ptx::tiled_map(t.x, t.tile), t.at, t.bytes,
           static_cast<unsigned char*>(p.out.data));
}

template <int RANK>
void store_tiled(const Probe& p, const Tiled& t) {
    LaunchShape shape{"probe tensor_store", dim3(1), dim3(WARP), std::size_t(t.bytes), p.stream};
    launch(shape, store_kernel<RANK>, ptx::tiled_map(t.x, t.tile), t.at, t.bytes,
           static_cast<const unsigned char*>(p.in[0].data));
}

template <int RANK>
void load_column(const Probe& p) {
    Numbers n{p.number};
    Columns c{};
    At at{};
    TensorView x = view(n, p.in[0].data, c.swizzle);
    n.take(c.lower);
    n.take(c.upper);
    n.take(c.step);
    c.channels = n.take(), c.pixels = n.take();
    n.take(at.first);
    n.take(at.offset);
    const int bytes = c.channels * c.pixels * int(size_of(x.dtype));
    LaunchShape shape{"probe tensor_load_im2col", dim3(1), dim3(WARP), std::size_t(bytes),
                      p.stream};
    launch(shape, load_kernel<RANK, true>, ptx::im2col_map(x, c), at, bytes,
           static_cast<unsigned char*>(p.out.data));
}

// The numbers are the test's business, but none may write beyond the arrays.
std::string refuses(const Probe& p, int numbers, int least) {
    if (p.inputs != 1 || p.numbers != numbers)
        return "it takes one input and " + std::to_string(numbers) + " numbers";
    if (p.number[0] < 0 || p.number[0] > 3) return "there is no such dtype";
    if (p.number[1] < least || p.number[1] > 5) return "there is no such rank";
    return "";
}

}  // namespace

const ProbeRow tensor_load = {
    "tensor_load",
    "the tile as it lies in shared memory; dtype, rank, swizzle, size, box, step, at (5 each)",
    90,
    999,
    [](const Probe& p) { return refuses(p, TILED_NUMBERS, 1); },
    [](const Probe& p) {
        const Tiled t(p, p.in[0].data);
        void (*const run[])(const Probe&, const Tiled&) = {
            load_tiled<1>, load_tiled<2>, load_tiled<3>, load_tiled<4>, load_tiled<5>};
        tensor_map::check(t.x, t.tile);
        if (t.bytes != p.out.bytes) tensor_map::require(false, "the output is not as the box");
        run[t.x.rank - 1](p, t);
    }};
const ProbeRow tensor_store = {
    "tensor_store",
    "the tensor that a tile (the input, as it lies in shared memory) is stored to; as tensor_load",
    90,
    999,
    [](const Probe& p) { return refuses(p, TILED_NUMBERS, 1); },
    [](const Probe& p) {
        const Tiled t(p, p.out.data);
        void (*const run[])(const Probe&, const Tiled&) = {
            store_tiled<1>, store_tiled<2>, store_tiled<3>, store_tiled<4>, store_tiled<5>};
        tensor_map::check(t.x, t.tile);
        if (t.bytes != p.in[0].bytes) tensor_map::require(false, "the input is not as the box");
        run[t.x.rank - 1](p, t);
    }};
const ProbeRow tensor_load_im2col = {
    "tensor_load_im2col",
    "a column of pixels; dtype, rank, swizzle, size (5), lower, upper, step (3 each), channels, "
    "pixels, at (5), offset (3)",
    90,
    999,
    [](const Probe& p) { return refuses(p, 27, 3); },
    [](const Probe& p) {
        void (*const run[])(const Probe&) = {load_column<3>, load_column<4>, load_column<5>};
        run[p.number[1] - 3](p);
    }};

}  // namespace mt::probe
