// What the files with inline PTX share; their twins need none of it.
#pragma once

#include <cstdint>

namespace mt::ptx {

// How PTX names shared memory.
__device__ __forceinline__ std::uint32_t shared_address(const void* p) {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(p));
}

// In place of an instruction that the chip compiled for does not have: a rung's `supports` keeps
// kernels from coming here.
__device__ __forceinline__ void unsupported() {
    asm volatile("trap;");
}

}  // namespace mt::ptx
