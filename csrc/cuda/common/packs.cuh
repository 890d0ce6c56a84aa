// Several neighbouring elements read or written at once, for kernels that only move memory.
#pragma once

#include "cuda/common/numbers.cuh"

namespace mt {

// COUNT elements that lie together; of 16 bytes at most, so that it moves as one access.
template <class T, int COUNT>
struct alignas(sizeof(T) * COUNT) Pack {
    static_assert(sizeof(T) * COUNT <= 16, "the widest access is 16 bytes");
    T at[COUNT];
};

// How many elements of T make 16 bytes.
template <class T>
constexpr int WIDEST = 16 / int(sizeof(T));

template <int COUNT, class T>
__device__ __forceinline__ Pack<T, COUNT> load_pack(const T* from) {
    return *reinterpret_cast<const Pack<T, COUNT>*>(from);
}
template <int COUNT, class T>
__device__ __forceinline__ void store_pack(T* to, const Pack<T, COUNT>& pack) {
    *reinterpret_cast<Pack<T, COUNT>*>(to) = pack;
}

inline bool aligned(const void* p, std::size_t bytes) {
    return reinterpret_cast<std::uintptr_t>(p) % bytes == 0;
}

// The first number that a thread of a flat grid works on, and how many threads there are.
__device__ __forceinline__ long long thread_of_grid() {
    return blockIdx.x * (long long)blockDim.x + threadIdx.x;
}
__device__ __forceinline__ long long threads_of_grid() {
    return gridDim.x * (long long)blockDim.x;
}

}  // namespace mt
