// k02_im2col
// Idea:     write out what each place of y sees as a column of a matrix; then the convolution is
//           the product of that matrix with the filters (Chellapilla, Puri, Simard, 2006).
// Changed since k01: an element of x is fetched from its image once per tap, and reused from shared
//           memory by the TILE filters of a block.
// Requires: a workspace of terms x places elements: taps times the size of x (for dgrad: of dy).
// Launch:   im2col: blocks of 256 threads along the places, so that reads (channels first) and
//           writes are coalesced. Product: blocks of 16 x 16 threads for 16 x 16 elements, threads
//           next to each other along the places.
// Reading:  the columns are written and read again through global memory, `taps` times the traffic
//           of x: k03 makes the same product without ever storing them.
#include "cuda/conv/correlation.cuh"
#include "cuda/conv/rungs.hpp"

namespace mt::conv {

namespace {

constexpr int THREADS = 256, TILE = 16, MAX_GRID = 65535;
static_assert(TILE * TILE <= 1024, "a block has at most 1024 threads");

// columns[group][term][place], the term being tap * inputs + in.
template <class T>
__global__ void __launch_bounds__(THREADS) im2col(Correlation<T> c, T* columns) {
    const int m = blockIdx.x * THREADS + threadIdx.x;
    if (m >= c.places()) return;
    for (long long row = blockIdx.y; row < (long long)c.groups * c.terms(); row += gridDim.y) {
        const int group = int(row / c.terms());
        int number = int(row % c.terms());
        const int in = c.by_input.split(number);
        const Tap tap(c, number);
        const Place place = place_of(c, m, group);
        const T* x = c.image + place.corner + tap.offset + in * c.i_c;
        columns[row * c.places() + m] = place.sees(c, tap) ? *x : T(0.0f);
    }
}

// Offset of out's filter at a term.
template <class T>
__device__ __forceinline__ long long filter_at(const Correlation<T>& c, int out, int term) {
    const int in = c.by_input.split(term);
    return out * c.f_out + in * c.f_in + Tap(c, term).in_filter(c);
}

// y = columns^T filters^T; a block makes 16 places of 16 filters.
template <class T>
__global__ void __launch_bounds__(TILE* TILE) multiply(Correlation<T> c, const T* columns) {
    MT_SHARED(Sum<T>[TILE][TILE], a);      // [term][place]
    MT_SHARED(Sum<T>[TILE][TILE + 1], b);  // [term][out]
    const int x = threadIdx.x, y = threadIdx.y, group = blockIdx.z;
    const int m = blockIdx.x * TILE + x, n = blockIdx.y * TILE;
    columns += (long long)group * c.terms() * c.places();
    const T* filter = c.filter + group * c.f_group;
    Sum<T> sum = 0;
    for (int k = 0; k < c.terms(); k += TILE) {
        const bool has_a = m < c.places() && k + y < c.terms();
        const bool has_b = n + y < c.outputs && k + x < c.terms();
        a[y][x] = has_a ? Sum<T>(columns[(long long)(k + y) * c.places() + m]) : Sum<T>(0);
        b[x][y] = has_b ? Sum<T>(filter[filter_at(c, n + y, k + x)]) : Sum<T>(0);
        __syncthreads();
        for (int i = 0; i < TILE; i++) sum += a[i][x] * b[i][y];
        __syncthreads();
    }
    if (m < c.places() && n + y < c.outputs) store(c, y_offset(c, m), group, n + y, sum);
}

// filters = y columns^T; a block makes 16 terms of 16 filters.
template <class T>
__global__ void __launch_bounds__(TILE* TILE) multiply_wgrad(Correlation<T> c, const T* columns) {
    MT_SHARED(Sum<T>[TILE][TILE + 1], a);  // [place][out]
    MT_SHARED(Sum<T>[TILE][TILE + 1], b);  // [place][term]
    const int x = threadIdx.x, y = threadIdx.y, group = blockIdx.z;
    const int m = blockIdx.y * TILE, n = blockIdx.x * TILE;
    columns += (long long)group * c.terms() * c.places();
    const T* dy = c.y + (long long)group * c.outputs * c.y_c;
    Sum<T> sum = 0;
    for (int k = 0; k < c.places(); k += TILE) {
        const bool has_place = k + x < c.places();
        const bool has_a = has_place && m + y < c.outputs, has_b = has_place && n + y < c.terms();
        a[x][y] = has_a ? Sum<T>(dy[y_offset(c, k + x) + (m + y) * c.y_c]) : Sum<T>(0);
        b[x][y] = has_b ? Sum<T>(columns[(long long)(n + y) * c.places() + k + x]) : Sum<T>(0);
        __syncthreads();
        for (int i = 0; i < TILE; i++) sum += a[i][y] * b[i][x];
        __syncthreads();
    }
    if (m + y < c.outputs && n + x < c.terms())
        c.filter[group * c.f_group + filter_at(c, m + y, n + x)] = T(sum);
}

template <class T>
long long elements(const Correlation<T>& c) {
    return (long long)c.groups * c.terms() * c.places();
}

template <class T>
T* make_columns(const Correlation<T>& c, const Conv& p) {
    T* columns = static_cast<T*>(p.workspace);
    const long long rows = std::min<long long>((long long)c.groups * c.terms(), MAX_GRID);
    dim3 grid(blocks_for(c.places(), THREADS), unsigned(rows));
    if (elements(c) == 0) return columns;
    launch(LaunchShape{"conv k02_im2col columns", grid, THREADS, 0, p.stream}, im2col<T>, c,
           columns);
    return columns;
}

template <class T>
void correlate(const Correlation<T>& c, const Conv& p) {
    T* columns = make_columns(c, p);
    dim3 grid(blocks_for(c.places(), TILE), blocks_for(c.outputs, TILE), c.groups);
    launch(LaunchShape{"conv k02_im2col", grid, dim3(TILE, TILE), 0, p.stream}, multiply<T>, c,
           columns);
}

template <class T>
void filter_gradient(const Correlation<T>& c, const Conv& p) {
    T* columns = make_columns(c, p);
    dim3 grid(blocks_for(c.terms(), TILE), blocks_for(c.outputs, TILE), c.groups);
    launch(LaunchShape{"conv k02_im2col wgrad", grid, dim3(TILE, TILE), 0, p.stream},
           multiply_wgrad<T>, c, columns);
}

std::size_t workspace(const Conv& p) {
    return elements(forward<float>(p)) * size_of(p.dtype);
}

std::size_t dgrad_workspace(const Conv& p) {
    long long most = 0;  // the classes run one after another
    each_class<float>(p, [&](auto c) { most = std::max(most, elements(c)); });
    return most * size_of(p.dtype);
}

void fwd(const Conv& p) {
    run_fwd(p, [&](auto c) { correlate(c, p); });
}
void dgrad(const Conv& p) {
    run_dgrad(p, [&](auto c) { correlate(c, p); });
}
void wgrad(const Conv& p) {
    run_fwd(p, [&](auto c) { filter_gradient(c, p); });
}

}  // namespace

const ConvRung k02_im2col = {{"k02_im2col", "windows as columns of a matrix, then its product", ""},
                             {fits_grid, workspace, fwd},
                             {fits_grid, dgrad_workspace, dgrad},
                             {fits_grid, workspace, wgrad}};

}  // namespace mt::conv
