// Moving convolutions through shared memory in chunks of 16 bytes, for the rungs from k04 on.
//
// A chunk is 16 bytes of one place's terms next to each other. With channels last, and as many
// channels that a chunk never straddles two taps, it is 16 bytes of the image as well and one
// instruction copies it (VECTOR). Otherwise its elements are gathered one by one, which with
// channels first is coalesced if neighbouring lanes have neighbouring places.
#pragma once

#include "cuda/conv/correlation.cuh"

namespace mt::conv {

template <class T>
constexpr int CHUNK = 16 / sizeof(T);

template <class T>
struct alignas(16) Chunk {
    T v[CHUNK<T>];
};

template <class T>
__device__ __forceinline__ const Chunk<T>& chunk_at(const T* p) {
    return *reinterpret_cast<const Chunk<T>*>(p);
}

// Whether places, channels apart by c and others by n and axis, can be read by whole chunks.
template <class T>
bool in_chunks(const T* data, int channels, long long n, long long c, const long long (&axis)[3]) {
    long long odd = reinterpret_cast<std::uintptr_t>(data) / sizeof(T) | channels | n;
    for (long long stride : axis) odd |= stride;
    return (c == 1 || channels == 1) && odd % CHUNK<T> == 0 &&
           reinterpret_cast<std::uintptr_t>(data) % 16 == 0;
}
template <class T>
bool image_in_chunks(const Correlation<T>& c) {
    return in_chunks(c.image, c.inputs, c.i_n, c.i_c, c.i_axis);
}
template <class T>
bool y_in_chunks(const Correlation<T>& c) {
    return in_chunks(c.y, c.outputs, c.y_n, c.y_c, c.y_axis);
}

// Starts copying CHUNK elements, found one by one as `pointer(j)` (null: a zero), to shared memory.
// cp.async takes no less than 4 bytes: smaller elements go through registers.
template <class T, class Pointer>
__device__ __forceinline__ void copy_single(T* shared, const T* somewhere, Pointer pointer) {
    if constexpr (sizeof(T) >= 4) {
#pragma unroll
        for (int j = 0; j < CHUNK<T>; j++) {
            const T* p = pointer(j);
            ptx::copy_async<sizeof(T)>(shared + j, p ? p : somewhere, p != nullptr);
        }
    } else {
        Chunk<T> chunk;
#pragma unroll
        for (int j = 0; j < CHUNK<T>; j++) {
            const T* p = pointer(j);
            chunk.v[j] = p ? *p : T(0.0f);
        }
        *reinterpret_cast<Chunk<T>*>(shared) = chunk;
    }
}

// Starts copying what `place` sees at CHUNK terms from `term` on; zeros beyond the last term.
template <bool VECTOR, class T>
__device__ __forceinline__ void gather(T* shared, const Correlation<T>& c, const Place& place,
                                       int term) {
    int number = term;
    const int left = c.terms() - term;
    int in = c.by_input.split(number);
    Tap tap(c, number);
    bool inside = place.sees(c, tap);
    if constexpr (VECTOR) {
        const T* x = c.image + place.corner + tap.offset + in;
        inside = inside && left > 0;
        ptx::copy_async<16>(shared, inside ? x : c.image, inside);
        return;
    }
    copy_single(shared, c.image, [&](int j) -> const T* {
        if (in == c.inputs) {
            in = 0;
            tap.next(c);
            inside = place.sees(c, tap);
        }
        const T* x = c.image + place.corner + tap.offset + in++ * c.i_c;
        return inside && j < left ? x : nullptr;
    });
}

// Starts copying CHUNK channels of y from `out` on at a place; `at` is y_offset, if there is one.
template <bool VECTOR, class T>
__device__ __forceinline__ void gather_y(T* shared, const Correlation<T>& c, bool inside,
                                         long long at, int group, int out) {
    const T* y = c.y + at + ((long long)group * c.outputs + out) * c.y_c;
    const int left = inside ? c.outputs - out : 0;
    if constexpr (VECTOR)
        ptx::copy_async<16>(shared, left > 0 ? y : c.y, left > 0);
    else
        copy_single(shared, c.y,
                    [&](int j) -> const T* { return j < left ? y + j * c.y_c : nullptr; });
}

// ---- filters, packed --------------------------------------------------------------------------

// The terms of a filter as packed: whole chunks, the last one filled up by zeros.
template <class T>
__host__ __device__ int packed_terms(const Correlation<T>& c) {
    return (c.terms() + CHUNK<T> - 1) / CHUNK<T> * CHUNK<T>;
}

constexpr int PACK_THREADS = 256;

// packed[group][out][term]
template <class T>
__global__ void __launch_bounds__(PACK_THREADS) pack_filters(Correlation<T> c, T* packed) {
    const int terms = packed_terms(c);
    const long long i = blockIdx.x * (long long)PACK_THREADS + threadIdx.x;
    const long long row = i / terms;
    if (row >= (long long)c.groups * c.outputs) return;
    const int group = int(row / c.outputs), out = int(row % c.outputs);
    int number = int(i % terms);
    const bool inside = number < c.terms();
    const int in = c.by_input.split(number);
    const T* filter = c.filter + group * c.f_group + out * c.f_out;
    packed[i] = inside ? filter[in * c.f_in + Tap(c, number).in_filter(c)] : T(0.0f);
}

template <class T>
std::size_t packed_bytes(const Correlation<T>& c) {
    return sizeof(T) * c.groups * c.outputs * packed_terms(c);
}

// Packs into the workspace; nothing to do where there are no terms.
template <class T>
const T* pack(const Correlation<T>& c, const Conv& p) {
    T* packed = static_cast<T*>(p.workspace);
    const std::size_t count = packed_bytes(c) / sizeof(T);
    if (count)
        launch(LaunchShape{"conv pack_filters", blocks_for(count, PACK_THREADS), PACK_THREADS, 0,
                           p.stream},
               pack_filters<T>, c, packed);
    return packed;
}

inline std::size_t fwd_pack(const Conv& p) {
    std::size_t bytes = 0;
    by_type(p.dtype, [&](auto type) { bytes = packed_bytes(forward<decltype(type)>(p)); });
    return bytes;
}
inline std::size_t dgrad_pack(const Conv& p) {
    std::size_t most = 0;  // the classes run one after another
    run_dgrad(p, [&](auto c) { most = std::max(most, packed_bytes(c)); });
    return most;
}

// Starts copying CHUNK terms of a packed filter; zeros for a filter beyond the last.
template <class T>
__device__ __forceinline__ void copy_packed(T* shared, const Correlation<T>& c, const T* packed,
                                            int group, int out, int term) {
    const int terms = packed_terms(c);
    const bool inside = out < c.outputs && term < terms;
    const T* filter = packed + ((long long)group * c.outputs + out) * terms + term;
    ptx::copy_async<16>(shared, inside ? filter : c.image, inside);
}

}  // namespace mt::conv
