// The copy engine (TMA): boxes of tensors to and from shared memory. Twin: emulate/tma.hpp.
//
// One thread issues a copy for the block. A load counts its bytes (whole boxes, with the zeros
// outside the tensor) at an mbarrier that expects them; a store joins the thread's open group.
// Shared memory is aligned to 128 bytes, under a swizzle to 8 spans (256, 512, 1024 bytes).
#pragma once

#include <cuda.h>  // the type CUtensorMap; the functions come from the driver at run time

#include <cstdint>

#include "cuda/common/address.cuh"
#include "cuda/common/tensor_map.hpp"

namespace mt::ptx {

typedef CUtensorMap TensorMap;

// ---- host ---------------------------------------------------------------------------------------

namespace host {

template <class Function>
Function driver_function(const char* name) {
    void* found = nullptr;
    cudaDriverEntryPointQueryResult result;
    cudaError_t status =
        cudaGetDriverEntryPointByVersion(name, &found, 12000, cudaEnableDefault, &result);
    tensor_map::require(status == cudaSuccess && result == cudaDriverEntryPointSuccess,
                        std::string("the driver has no ") + name);
    return reinterpret_cast<Function>(found);
}

inline CUtensorMapDataType type_of(Dtype dtype) {
    const CUtensorMapDataType types[] = {
        CU_TENSOR_MAP_DATA_TYPE_FLOAT16, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
        CU_TENSOR_MAP_DATA_TYPE_FLOAT32, CU_TENSOR_MAP_DATA_TYPE_FLOAT64};
    return types[int(dtype)];
}

// What both kinds of maps say of the tensor.
struct Axes {
    cuuint64_t size[5], bytes[4];
    cuuint32_t step[5] = {1, 1, 1, 1, 1};
    explicit Axes(const TensorView& x) {
        for (int i = 0; i < x.rank; i++) size[i] = cuuint64_t(x.size[i]);
        for (int i = 1; i < x.rank; i++) bytes[i - 1] = cuuint64_t(x.stride[i]) * size_of(x.dtype);
    }
};

}  // namespace host

inline TensorMap tiled_map(const TensorView& x, const Tile& tile) {
    tensor_map::check(x, tile);
    static const auto encode =
        host::driver_function<decltype(&cuTensorMapEncodeTiled)>("cuTensorMapEncodeTiled");
    host::Axes axes(x);
    cuuint32_t box[5];
    for (int i = 0; i < x.rank; i++) box[i] = tile.box[i], axes.step[i] = tile.step[i];
    TensorMap map;
    CUresult status = encode(&map, host::type_of(x.dtype), x.rank, const_cast<void*>(x.data),
                             axes.size, axes.bytes, box, axes.step, CU_TENSOR_MAP_INTERLEAVE_NONE,
                             CUtensorMapSwizzle(tile.swizzle), CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                             CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    tensor_map::require(status == CUDA_SUCCESS, "the driver refuses this tile");
    return map;
}

inline TensorMap im2col_map(const TensorView& x, const Columns& columns) {
    tensor_map::check(x, columns);
    static const auto encode =
        host::driver_function<decltype(&cuTensorMapEncodeIm2col)>("cuTensorMapEncodeIm2col");
    host::Axes axes(x);
    for (int i = 0; i < x.rank - 2; i++) axes.step[i + 1] = columns.step[i];
    TensorMap map;
    CUresult status =
        encode(&map, host::type_of(x.dtype), x.rank, const_cast<void*>(x.data), axes.size,
               axes.bytes, columns.lower, columns.upper, columns.channels, columns.pixels,
               axes.step, CU_TENSOR_MAP_INTERLEAVE_NONE, CUtensorMapSwizzle(columns.swizzle),
               CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    tensor_map::require(status == CUDA_SUCCESS, "the driver refuses these columns");
    return map;
}

// ---- loads --------------------------------------------------------------------------------------

__device__ __forceinline__ std::uint64_t address_of(const TensorMap& map) {
    return reinterpret_cast<std::uint64_t>(&map);
}

__device__ __forceinline__ void prefetch(const TensorMap& map) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    asm volatile("prefetch.tensormap [%0];" ::"l"(address_of(map)) : "memory");
#endif
}

#define MT_LOAD "cp.async.bulk.tensor."
#define MT_TILE "d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
#define MT_IM2COL "d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes"
#define MT_MULTICAST ".multicast::cluster"

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
#    define MT_TMA(...) asm volatile(__VA_ARGS__ : "memory")
#else
#    define MT_TMA(...) unsupported()
#endif

// Starts loading the box whose first element is at[0], at[1], ...; outside the tensor are zeros.
template <int RANK>
__device__ __forceinline__ void tensor_load(void* shared, const TensorMap& map,
                                            std::uint64_t* barrier, const int (&at)[RANK]) {
    static_assert(RANK >= 1 && RANK <= 5, "tensors have 1 to 5 axes");
    const std::uint32_t to = shared_address(shared), mbar = shared_address(barrier);
    const std::uint64_t from = address_of(map);
    if constexpr (RANK == 1)
        MT_TMA(MT_LOAD "1" MT_TILE " [%0], [%1, {%3}], [%2];" ::"r"(to), "l"(from), "r"(mbar),
               "r"(at[0]));
    else if constexpr (RANK == 2)
        MT_TMA(MT_LOAD "2" MT_TILE " [%0], [%1, {%3, %4}], [%2];" ::"r"(to), "l"(from), "r"(mbar),
               "r"(at[0]), "r"(at[1]));
    else if constexpr (RANK == 3)
        MT_TMA(MT_LOAD "3" MT_TILE " [%0], [%1, {%3, %4, %5}], [%2];" ::"r"(to), "l"(from),
               "r"(mbar), "r"(at[0]), "r"(at[1]), "r"(at[2]));
    else if constexpr (RANK == 4)
        MT_TMA(MT_LOAD "4" MT_TILE " [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(to), "l"(from),
               "r"(mbar), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]));
    else
        MT_TMA(MT_LOAD "5" MT_TILE " [%0], [%1, {%3, %4, %5, %6, %7}], [%2];" ::"r"(to), "l"(from),
               "r"(mbar), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]), "r"(at[4]));
}

// The same to every block of the cluster whose rank's bit is in `blocks`: to the same place in its
// shared memory, counted at the same place's mbarrier there.
template <int RANK>
__device__ __forceinline__ void tensor_load_multicast(void* shared, const TensorMap& map,
                                                      std::uint64_t* barrier, const int (&at)[RANK],
                                                      std::uint16_t blocks) {
    static_assert(RANK >= 2 && RANK <= 3, "multicasts are here for 2 and 3 axes");
    const std::uint32_t to = shared_address(shared), mbar = shared_address(barrier);
    const std::uint64_t from = address_of(map);
    if constexpr (RANK == 2)
        MT_TMA(MT_LOAD "2" MT_TILE MT_MULTICAST " [%0], [%1, {%4, %5}], [%2], %3;" ::"r"(to),
               "l"(from), "r"(mbar), "h"(blocks), "r"(at[0]), "r"(at[1]));
    else
        MT_TMA(MT_LOAD "3" MT_TILE MT_MULTICAST " [%0], [%1, {%4, %5, %6}], [%2], %3;" ::"r"(to),
               "l"(from), "r"(mbar), "h"(blocks), "r"(at[0]), "r"(at[1]), "r"(at[2]));
}

// Starts loading a column of pixels from (c, w(, h(, d)), n) on, each read `offset` further on:
// (w(, h(, d))) elements, at least 0, below 2^16, 2^8, 2^5 for 3, 4, 5 axes.
template <int RANK>
__device__ __forceinline__ void tensor_load_im2col(void* shared, const TensorMap& map,
                                                   std::uint64_t* barrier, const int (&at)[RANK],
                                                   const std::uint16_t (&offset)[RANK - 2]) {
    static_assert(RANK >= 3 && RANK <= 5, "im2col needs a tensor of 3 to 5 axes");
    const std::uint32_t to = shared_address(shared), mbar = shared_address(barrier);
    const std::uint64_t from = address_of(map);
    if constexpr (RANK == 3)
        MT_TMA(MT_LOAD "3" MT_IM2COL " [%0], [%1, {%3, %4, %5}], [%2], {%6};" ::"r"(to), "l"(from),
               "r"(mbar), "r"(at[0]), "r"(at[1]), "r"(at[2]), "h"(offset[0]));
    else if constexpr (RANK == 4)
        MT_TMA(MT_LOAD "4" MT_IM2COL " [%0], [%1, {%3, %4, %5, %6}], [%2], {%7, %8};" ::"r"(to),
               "l"(from), "r"(mbar), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]), "h"(offset[0]),
               "h"(offset[1]));
    else
        MT_TMA(MT_LOAD "5" MT_IM2COL
                       " [%0], [%1, {%3, %4, %5, %6, %7}], [%2], {%8, %9, %10};" ::"r"(to),
               "l"(from), "r"(mbar), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]), "r"(at[4]),
               "h"(offset[0]), "h"(offset[1]), "h"(offset[2]));
}

// ---- stores -------------------------------------------------------------------------------------

#define MT_STORE "cp.async.bulk.tensor."
#define MT_TO_TILE "d.global.shared::cta.tile.bulk_group"

// Starts storing a box; what lies outside the tensor is left out. What the threads wrote into
// shared memory must be ordered before: each writer calls fence_async(), then a barrier.
template <int RANK>
__device__ __forceinline__ void tensor_store(const TensorMap& map, const void* shared,
                                             const int (&at)[RANK]) {
    static_assert(RANK >= 1 && RANK <= 5, "tensors have 1 to 5 axes");
    const std::uint32_t from = shared_address(shared);
    const std::uint64_t to = address_of(map);
    if constexpr (RANK == 1)
        MT_TMA(MT_STORE "1" MT_TO_TILE " [%0, {%2}], [%1];" ::"l"(to), "r"(from), "r"(at[0]));
    else if constexpr (RANK == 2)
        MT_TMA(MT_STORE "2" MT_TO_TILE " [%0, {%2, %3}], [%1];" ::"l"(to), "r"(from), "r"(at[0]),
               "r"(at[1]));
    else if constexpr (RANK == 3)
        MT_TMA(MT_STORE "3" MT_TO_TILE " [%0, {%2, %3, %4}], [%1];" ::"l"(to), "r"(from),
               "r"(at[0]), "r"(at[1]), "r"(at[2]));
    else if constexpr (RANK == 4)
        MT_TMA(MT_STORE "4" MT_TO_TILE " [%0, {%2, %3, %4, %5}], [%1];" ::"l"(to), "r"(from),
               "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]));
    else
        MT_TMA(MT_STORE "5" MT_TO_TILE " [%0, {%2, %3, %4, %5, %6}], [%1];" ::"l"(to), "r"(from),
               "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]), "r"(at[4]));
}

__device__ __forceinline__ void store_commit() {
    MT_TMA("cp.async.bulk.commit_group;" ::);
}
// Waits until at most PENDING of the thread's groups still read shared memory: it may then be
// written again. Needed before the thread ends.
template <int PENDING>
__device__ __forceinline__ void store_wait_read() {
    MT_TMA("cp.async.bulk.wait_group.read %0;" ::"n"(PENDING));
}
// Waits until at most PENDING of the thread's groups are not yet in global memory.
template <int PENDING>
__device__ __forceinline__ void store_wait() {
    MT_TMA("cp.async.bulk.wait_group %0;" ::"n"(PENDING));
}

// Orders this thread's accesses to shared memory before what the copy engine and wgmma do with it
// (the "async proxy") after the next barrier.
__device__ __forceinline__ void fence_async() {
    MT_TMA("fence.proxy.async.shared::cta;" ::);
}

#undef MT_LOAD
#undef MT_STORE
#undef MT_TILE
#undef MT_TO_TILE
#undef MT_IM2COL
#undef MT_MULTICAST
#undef MT_TMA

}  // namespace mt::ptx
