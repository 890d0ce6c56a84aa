// Winograd's F(2x2, 3x3): four elements of y, two by two, from 16 products instead of 36.
//
//   y = A^T [ (G w G^T) * (B^T x B) ] A      x is 4 x 4, w 3 x 3, and * multiplies by elements
//
//         1  0 -1  0         1    0    0
//   B^T = 0  1  1  0    G = 1/2  1/2  1/2    A^T = 1  1  1  0
//         0 -1  1  0        1/2 -1/2  1/2          0  1 -1 -1
//         0  1  0 -1         0    0    1
//
// (Winograd, Arithmetic complexity of computations, 1980; Lavin, Gray, Fast algorithms for
// convolutional neural networks, 2016.) The sum over channels is taken of the 16 products, before
// A, so each of the 16 is a matrix product over channels.
//
// Error: every factor is rounded by its transform's additions, and y is added up from 9 products
// that may be larger than y. With n channels and unit roundoff u, |error| is at most
//   (n + 12) u |A^T| [ sum over channels of (|G| |w| |G^T|) * (|B^T| |x| |B|) ] |A|
// to first order: 3 + 4 roundings in the transforms, n in the sum and its products, 4 at the end.
#pragma once

#include "cuda/conv/correlation.cuh"

namespace mt::conv {

// One row or column of B^T x B: four numbers, `by` apart.
__device__ __forceinline__ void transform_image(float* x, int by) {
    const float a = x[0], b = x[by], c = x[2 * by], d = x[3 * by];
    x[0] = a - c, x[by] = b + c, x[2 * by] = c - b, x[3 * by] = b - d;
}

// x = B^T x B
__device__ __forceinline__ void transform_image(float (&x)[16]) {
#pragma unroll
    for (int i = 0; i < 4; i++) transform_image(x + i, 4);
#pragma unroll
    for (int i = 0; i < 4; i++) transform_image(x + 4 * i, 1);
}

// u = G w G^T
__device__ __forceinline__ void transform_filter(const float (&w)[9], float (&u)[16]) {
    float half[12];  // G w
#pragma unroll
    for (int j = 0; j < 3; j++) {
        const float ends = w[j] + w[6 + j], middle = w[3 + j];
        half[j] = w[j], half[9 + j] = w[6 + j];
        half[3 + j] = 0.5f * (ends + middle), half[6 + j] = 0.5f * (ends - middle);
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const float ends = half[3 * i] + half[3 * i + 2], middle = half[3 * i + 1];
        u[4 * i] = half[3 * i], u[4 * i + 3] = half[3 * i + 2];
        u[4 * i + 1] = 0.5f * (ends + middle), u[4 * i + 2] = 0.5f * (ends - middle);
    }
}

// y = A^T m A
__device__ __forceinline__ void transform_result(const float (&m)[16], float (&y)[4]) {
    float half[8];  // A^T m
#pragma unroll
    for (int j = 0; j < 4; j++) {
        half[j] = m[j] + m[4 + j] + m[8 + j];
        half[4 + j] = m[4 + j] - m[8 + j] - m[12 + j];
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
        y[2 * i] = half[4 * i] + half[4 * i + 1] + half[4 * i + 2];
        y[2 * i + 1] = half[4 * i + 1] - half[4 * i + 2] - half[4 * i + 3];
    }
}

// ---- tiles of y, and what they see
// ----------------------------------------------------------------

// y in tiles of 2 x 2.
struct Tiles {
    int count;
    Divider across, down, deep;
};

template <class T>
Tiles tiles_of(const Correlation<T>& c) {
    const int across = (c.count[2] + 1) / 2, down = (c.count[1] + 1) / 2;
    return {c.images * c.count[0] * down * across, Divider(across), Divider(down),
            Divider(c.count[0])};
}

// Where a tile begins in y; image < 0 if there is no such tile.
struct Corner {
    int image, at[3];
    __device__ __forceinline__ Corner(const Tiles& tiles, int tile) {
        const bool inside = tile < tiles.count;
        at[2] = 2 * tiles.across.split(tile);
        at[1] = 2 * tiles.down.split(tile);
        at[0] = tiles.deep.split(tile);
        image = inside ? tile : -1;
    }
};

constexpr int WINOGRAD_THREADS = 256;

// u[group][in][product][out], with zeros up to out = wide.
template <class T>
__global__ void __launch_bounds__(WINOGRAD_THREADS)
    transform_filters(Correlation<T> c, float* u, int wide) {
    const long long i = blockIdx.x * (long long)WINOGRAD_THREADS + threadIdx.x;
    const long long row = i / wide;  // group, in
    if (row >= (long long)c.groups * c.inputs) return;
    const int out = int(i % wide), group = int(row / c.inputs), in = int(row % c.inputs);
    const T* filter = c.filter + group * c.f_group + out * c.f_out + in * c.f_in;
    float w[9], transformed[16];
#pragma unroll
    for (int tap = 0; tap < 9; tap++)
        w[tap] =
            out < c.outputs ? float(filter[tap / 3 * c.f_axis[1] + tap % 3 * c.f_axis[2]]) : 0.0f;
    transform_filter(w, transformed);
#pragma unroll
    for (int f = 0; f < 16; f++) u[(row * 16 + f) * wide + out] = transformed[f];
}

// The 4 x 4 pixels that a thread's tile sees in channel `in`.
template <class T>
__device__ __forceinline__ void load_tile(float (&x)[16], const Correlation<T>& c,
                                          const Corner& corner, int in, int group) {
    const T* image = c.image + corner.image * c.i_n + ((long long)group * c.inputs + in) * c.i_c;
    const int deep = corner.at[0] + c.first[0];
    const bool some = corner.image >= 0 && in < c.inputs && unsigned(deep) < unsigned(c.length[0]);
#pragma unroll
    for (int i = 0; i < 16; i++) {
        const int row = corner.at[1] + c.first[1] + i / 4,
                  column = corner.at[2] + c.first[2] + i % 4;
        const bool inside = some && unsigned(row) < unsigned(c.length[1]) &&
                            unsigned(column) < unsigned(c.length[2]);
        x[i] = inside ? float(image[deep * c.i_axis[0] + row * c.i_axis[1] + column * c.i_axis[2]])
                      : 0.0f;
    }
}

}  // namespace mt::conv
