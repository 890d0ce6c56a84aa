// How inline PTX names shared memory. Its twin needs none: an address there is a pointer.
#pragma once

#include <cstdint>

namespace mt::ptx {

__device__ __forceinline__ std::uint32_t shared_address(const void* p) {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(p));
}

}  // namespace mt::ptx
