// Launching a kernel: one function for both devices, which throws where a launch fails.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

namespace mt {

typedef void* Stream;  // a cudaStream_t; null on the emulated device

// `name` is the rung's, for errors: k03_smem_tiled.
struct LaunchShape {
    const char* name;
    dim3 grid, block;
    std::size_t dynamic_shared = 0;
    Stream stream = nullptr;
    dim3 cluster = dim3(1);
};

inline unsigned blocks_for(long long count, long long per_block) {
    return static_cast<unsigned>((count + per_block - 1) / per_block);
}

#ifdef MT_EMULATE

inline int multiprocessors() {
    return emu::properties.multiprocessors;
}
inline int compute_capability() {
    return emu::properties.capability;
}

template <class... P, class... A>
void launch(const LaunchShape& shape, void (*kernel)(P...), A&&... arguments) {
    std::tuple<std::decay_t<P>...> given(std::forward<A>(arguments)...);
    emu::Launch what{shape.name, shape.grid, shape.block, shape.dynamic_shared, shape.cluster};
    emu::run(what, [&] { std::apply(kernel, given); });
}

#else

inline std::string show(dim3 d) {
    return "(" + std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z) + ")";
}

inline void require(cudaError_t status, const LaunchShape& shape) {
    if (status == cudaSuccess) return;
    throw std::runtime_error(std::string(shape.name) + ": " + cudaGetErrorString(status) +
                             " (grid " + show(shape.grid) + ", blocks of " + show(shape.block) +
                             ", clusters of " + show(shape.cluster) + ", " +
                             std::to_string(shape.dynamic_shared) + " bytes of shared memory)");
}

inline int device_attribute(cudaDeviceAttr which) {
    int device = 0, value = 0;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&value, which, device);
    return value;
}
inline int multiprocessors() {
    return device_attribute(cudaDevAttrMultiProcessorCount);
}
// 90 for compute capability 9.0.
inline int compute_capability() {
    return 10 * device_attribute(cudaDevAttrComputeCapabilityMajor) +
           device_attribute(cudaDevAttrComputeCapabilityMinor);
}

template <class... P, class... A>
void launch(const LaunchShape& shape, void (*kernel)(P...), A&&... arguments) {
    auto* function = reinterpret_cast<const void*>(kernel);
    if (shape.dynamic_shared > 48 * 1024)
        require(cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                     static_cast<int>(shape.dynamic_shared)),
                shape);
    cudaLaunchConfig_t config = {};
    config.gridDim = shape.grid;
    config.blockDim = shape.block;
    config.dynamicSmemBytes = shape.dynamic_shared;
    config.stream = static_cast<cudaStream_t>(shape.stream);
    cudaLaunchAttribute cluster = {};
    if (shape.cluster.x * shape.cluster.y * shape.cluster.z > 1) {
        cluster.id = cudaLaunchAttributeClusterDimension;
        cluster.val.clusterDim = {shape.cluster.x, shape.cluster.y, shape.cluster.z};
        config.attrs = &cluster;
        config.numAttrs = 1;
    }
    require(cudaLaunchKernelEx(&config, kernel, P(std::forward<A>(arguments))...), shape);
}

#endif

}  // namespace mt
