// Splitting a product along k: how many parts, where they lie, and how they are added up.
//
// The parts are cut by the shapes alone and added in their order, so the result is the same from
// run to run and from device to device. (Atomic additions would need no second kernel, and would
// give another rounding each time.)
#pragma once

#include "cuda/matmul/operands.cuh"

namespace mt::matmul {

constexpr int ENOUGH_BLOCKS = 264;  // two for each multiprocessor of an H100 or H200
constexpr int LEAST_SLICE = 128;    // of k; below, the second kernel costs more than it gains

struct Split {
    int parts;
    long long depth;  // k of each part, but for the last
};

// Parts of k for `tiles` tiles of y; each begins at a multiple of `grain`.
inline Split split_for(long long tiles, long long K, int grain) {
    const long long wanted = (ENOUGH_BLOCKS + tiles - 1) / (tiles > 0 ? tiles : 1);
    const long long most = (K + LEAST_SLICE - 1) / LEAST_SLICE;
    long long parts = wanted < most ? wanted : most;
    if (parts < 1) parts = 1;
    long long depth = ((K + parts - 1) / parts + grain - 1) / grain * grain;
    if (depth < grain) depth = grain;
    parts = K > 0 ? (K + depth - 1) / depth : 1;
    return {int(parts), depth};
}

// The sums of each part, as batch x M x N, one part after another.
inline std::size_t bytes_of_parts(const Matmul& p, const Split& split) {
    const std::size_t sum = p.dtype == Dtype::float64 ? 8 : 4;
    return split.parts == 1 ? 0 : sum * split.parts * p.batch * p.M * p.N;
}

constexpr int ADDERS = 256;

// One thread per element of y adds its parts, in their order.
template <class T>
__global__ void __launch_bounds__(ADDERS)
    add_parts(Arguments<T> p, const Sum<T>* parts, int count) {
    const long long size = p.batch * p.M * p.N;
    const long long at = blockIdx.x * (long long)ADDERS + threadIdx.x;
    if (at >= size) return;
    Sum<T> sum = 0;
    for (int s = 0; s < count; s++) sum += parts[s * size + at];
    p.y[at] = T(finish(p, sum, at, at % p.N));
}

template <class T>
void launch_add_parts(const char* name, const Matmul& p, const Split& split) {
    const double blocks = double(p.batch) * p.M * p.N / ADDERS + 1;
    if (blocks > 0x7fffffff) throw std::runtime_error("matmul: y has too many elements to split k");
    LaunchShape shape{name, dim3(blocks_for(p.batch * p.M * p.N, ADDERS)), dim3(ADDERS), 0,
                      p.stream};
    launch(shape, add_parts<T>, typed<T>(p), static_cast<const Sum<T>*>(p.workspace), split.parts);
}

}  // namespace mt::matmul
