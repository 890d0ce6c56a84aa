// What csrc/cuda/common/tma.cuh offers, on the emulated device.
#pragma once

#include "cuda/common/tensor_map.hpp"
#include "emulate/cuda.hpp"

namespace mt::ptx {

struct TensorMap {
    Dtype dtype;
    char* data;
    int rank;
    bool im2col;
    Swizzle swizzle;
    long long size[5], stride[5];     // stride in bytes
    int box[5];                       // im2col: channels, pixels
    int step[5], lower[5], upper[5];  // by the tensor's axes
};

}  // namespace mt::ptx

namespace mt::emu {

// tma.cpp
struct TensorLoad {
    ptx::TensorMap map;
    int at[5];
    std::uint16_t offset[3];
};
// `blocks`: the ranks that it goes to, as bits; 0 for the running block alone.
void tensor_load(void* shared, const TensorLoad& load, std::uint64_t* barrier, int rank,
                 bool im2col, unsigned blocks, Where where);
void tensor_store(const ptx::TensorMap& map, const void* shared, const int* at, int rank,
                  Where where);

}  // namespace mt::emu

namespace mt::ptx {

inline TensorMap plain_map(const TensorView& x, Swizzle swizzle) {
    TensorMap map{};
    map.dtype = x.dtype;
    map.data = static_cast<char*>(const_cast<void*>(x.data));
    map.rank = x.rank;
    map.swizzle = swizzle;
    for (int i = 0; i < x.rank; i++) {
        map.size[i] = x.size[i];
        map.stride[i] = x.stride[i] * (long long)size_of(x.dtype);
        map.step[i] = 1;
    }
    return map;
}

inline TensorMap tiled_map(const TensorView& x, const Tile& tile) {
    tensor_map::check(x, tile);
    TensorMap map = plain_map(x, tile.swizzle);
    for (int i = 0; i < x.rank; i++) map.box[i] = tile.box[i], map.step[i] = tile.step[i];
    return map;
}

inline TensorMap im2col_map(const TensorView& x, const Columns& columns) {
    tensor_map::check(x, columns);
    TensorMap map = plain_map(x, columns.swizzle);
    map.im2col = true;
    map.box[0] = columns.channels, map.box[1] = columns.pixels;
    for (int i = 0; i < x.rank - 2; i++) {
        map.lower[i + 1] = columns.lower[i];
        map.upper[i + 1] = columns.upper[i];
        map.step[i + 1] = columns.step[i];
    }
    return map;
}

inline void prefetch(const TensorMap&) {}

template <int RANK>
emu::TensorLoad load_of(const TensorMap& map, const int (&at)[RANK]) {
    emu::TensorLoad load{map, {}, {}};
    std::copy(at, at + RANK, load.at);
    return load;
}

template <int RANK>
void tensor_load(void* shared, const TensorMap& map, std::uint64_t* barrier, const int (&at)[RANK],
                 MT_HERE) {
    static_assert(RANK >= 1 && RANK <= 5, "tensors have 1 to 5 axes");
    emu::tensor_load(shared, load_of(map, at), barrier, RANK, false, 0, where);
}
template <int RANK>
void tensor_load_multicast(void* shared, const TensorMap& map, std::uint64_t* barrier,
                           const int (&at)[RANK], std::uint16_t blocks, MT_HERE) {
    static_assert(RANK >= 2 && RANK <= 3, "multicasts are here for 2 and 3 axes");
    if (!blocks) emu::fail(where, "a multicast to no block");
    emu::tensor_load(shared, load_of(map, at), barrier, RANK, false, blocks, where);
}
template <int RANK>
void tensor_load_im2col(void* shared, const TensorMap& map, std::uint64_t* barrier,
                        const int (&at)[RANK], const std::uint16_t (&offset)[RANK - 2], MT_HERE) {
    static_assert(RANK >= 3 && RANK <= 5, "im2col needs a tensor of 3 to 5 axes");
    emu::TensorLoad load = load_of(map, at);
    std::copy(offset, offset + RANK - 2, load.offset);
    emu::tensor_load(shared, load, barrier, RANK, true, 0, where);
}

template <int RANK>
void tensor_store(const TensorMap& map, const void* shared, const int (&at)[RANK], MT_HERE) {
    emu::tensor_store(map, shared, at, RANK, where);
}
inline void store_commit() {
    emu::bulk_commit();
}
template <int PENDING>
void store_wait_read() {
    emu::bulk_wait(PENDING);
}
template <int PENDING>
void store_wait() {
    emu::bulk_wait(PENDING);
}
inline void fence_async() {}

}  // namespace mt::ptx
