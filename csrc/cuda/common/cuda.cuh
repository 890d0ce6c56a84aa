// The door: CUDA as nvcc has it, or the emulated device. Every kernel file includes this one.
#pragma once

#ifdef MT_EMULATE
#    include "emulate/cuda.hpp"
#    include "emulate/ptx.hpp"
#    include "emulate/wmma.hpp"
#else
#    include <cuda_bf16.h>
#    include <cuda_fp16.h>
#    include <cuda_runtime.h>
#    include <mma.h>  // nvcuda::wmma

#    include <cstdint>

// `type` may be an array, as in MT_SHARED(float[2][64], tiles).
namespace mt {
template <class T>
struct same {
    typedef T type;
};
}  // namespace mt
#    define MT_SHARED(T, name) __shared__ __align__(128) typename ::mt::same<T>::type name
#    define MT_DYNAMIC_SHARED(T, name)                                       \
        extern __shared__ __align__(1024) unsigned char mt_dynamic_shared[]; \
        T* name = reinterpret_cast<T*>(mt_dynamic_shared)

#    include "cuda/common/ptx.cuh"
#endif

#include "cuda/common/launch.cuh"

namespace mt {

typedef __nv_bfloat16 bfloat16;
typedef __half float16;

}  // namespace mt
