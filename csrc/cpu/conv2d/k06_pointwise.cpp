// Convolution, rung 6: filters of 1x1 as a matrix product on the images as they lie.
//
// Idea      A filter that sees one pixel of all channels makes an image a matrix, channels x
//           pixels, and the convolution its product with w. Nothing has to be unfolded, and
//           images that follow each other count as one matrix with runs of columns
//           (cpu/product.hpp), so that tiles are full where images are small: 7x7 are 49 pixels.
//             fwd    y  = w x        columns are the pixels of all images
//             dgrad  dx = w' dy      likewise; w is turned while it is packed
//             wgrad  dw = dy x'      steps are the pixels of all images, in their order
//           With a stride, the pixels that are seen are copied together first, or apart at last.
//           Where a filter sees the whole image, all of it is one pixel of C H W channels. Images
//           of one pixel are rows of plain matrices: y = x w', dx = dy w, dw = dy' x.
// Changed   k03 cuts the work by images and packs dy or x for each of them.
// Requires  Nothing: what is not 1x1 or the image's size, dense and without padding is done by
//           k03_packed.
// Launch    As any product, and a task per image and channel for the copies.
// Reading   forward, backward and weights say the products; then fwd.
#include "cpu/conv2d/rungs.hpp"
#include "cpu/product.hpp"

namespace mt::MT_ISA {
namespace {

// Padding behind the image shows in positions that would lie outside.
bool pointwise(const Conv2d& d) {
    return d.R == 1 && d.S == 1 && d.groups == 1 && d.pad_h == 0 && d.pad_w == 0 &&
           d.N * d.positions() > 0 && (d.P - 1) * d.stride_h < d.H && (d.Q - 1) * d.stride_w < d.W;
}

// Filters of the image's size as those of one pixel; others as they are.
Conv2d flat(const Conv2d& d) {
    const bool whole = d.R == d.H && d.S == d.W && d.P == 1 && d.Q == 1 && d.pad_h == 0 &&
                       d.pad_w == 0 && d.dilation_h == 1 && d.dilation_w == 1 && d.groups == 1;
    if (!whole) return d;
    Conv2d one = d;
    one.C = d.C * d.H * d.W, one.H = one.W = one.R = one.S = 1;
    return one;
}

bool sees_all(const Conv2d& d) {
    return d.P == d.H && d.Q == d.W;
}

bool rows(const Conv2d& d) {
    return sees_all(d) && d.positions() == 1;
}

Product plain(long m, long n, long k, long a_row, long a_step, long b_step, long b_column) {
    return {m, {n, n}, {k, k}, a_row, a_step, 0, b_step, 0, b_column, 0, n, 0};
}

Product forward(const Conv2d& d) {
    if (rows(d)) return plain(d.N, d.K, d.C, d.C, 1, 1, d.C);
    const long pixels = d.positions();
    return {d.K, {d.N * pixels, pixels}, {d.C, d.C}, d.C,         1, 0, pixels, 0,
            1,   d.C * pixels,           pixels,     d.K * pixels};
}

Product backward(const Conv2d& d) {
    if (rows(d)) return plain(d.N, d.C, d.K, d.K, 1, d.C, 1);
    const long pixels = d.positions();
    return {d.C, {d.N * pixels, pixels}, {d.K, d.K}, 1,           d.C, 0, pixels, 0,
            1,   d.K * pixels,           pixels,     d.C * pixels};
}

Product weights(const Conv2d& d) {
    if (rows(d)) return plain(d.K, d.C, d.N, 1, d.K, d.C, 1);
    const long pixels = d.positions();
    return {d.K,          {d.C, d.C}, {d.N * pixels, pixels}, pixels, 1,
            d.K * pixels, 1,          d.C * pixels,           pixels, 0,
            d.C,          0};
}

// Memory for the pixels that are seen of all images lies before the product's.
std::size_t copy_room(const Conv2d& d) {
    return sees_all(d) ? 0 : d.N * d.C * d.positions();
}

// body(pixel of the image, position) for every position.
template <class Body>
void for_each_seen(const Conv2d& d, const Body& body) {
    for (long p = 0; p < d.P; p++)
        for (long q = 0; q < d.Q; q++) body(p * d.stride_h * d.W + q * d.stride_w, p * d.Q + q);
}

template <class T>
const T* seen(const Conv2d& d, int threads, const T* x, T* copy) {
    if (sees_all(d)) return x;
    parallel_for(d.N * d.C, threads, [&](long plane, int) {
        const T* from = x + plane * d.H * d.W;
        T* to = copy + plane * d.positions();
        for_each_seen(d, [&](long pixel, long position) { to[position] = from[pixel]; });
    });
    return copy;
}

template <class T>
void spread(const Conv2d& d, int threads, const T* copy, T* dx) {
    parallel_for(d.N * d.C, threads, [&](long plane, int) {
        const T* from = copy + plane * d.positions();
        T* to = dx + plane * d.H * d.W;
        std::fill(to, to + d.H * d.W, T(0));
        for_each_seen(d, [&](long pixel, long position) { to[pixel] = from[position]; });
    });
}

template <class T>
Conv2dKernels<T> otherwise() {
    Conv2dKernels<T> k03;
    add_k03_packed_fwd(k03), add_k03_packed_dgrad(k03), add_k03_packed_wgrad(k03);
    return k03;
}

template <class T>
void fwd(const Conv2d& given, int threads, const T* x, const T* w, const T* b, T* y, T* scratch) {
    const Conv2d d = flat(given);
    if (!pointwise(d)) return otherwise<T>().fwd(d, threads, x, w, b, y, scratch);
    Epilogue<T> epilogue;
    epilogue.bias = b, epilogue.bias_row = !rows(d), epilogue.bias_column = rows(d);
    epilogue.relu = d.relu;
    const T* from = seen(d, threads, x, scratch);
    product(forward(d), threads, rows(d) ? from : w, rows(d) ? w : from, epilogue, y,
            scratch + copy_room(d));
}

template <class T>
void dgrad(const Conv2d& given, int threads, const T* dy, const T* w, T* dx, T* scratch) {
    const Conv2d d = flat(given);
    if (!pointwise(d)) return otherwise<T>().dgrad(d, threads, dy, w, dx, scratch);
    T* const to = sees_all(d) ? dx : scratch;
    product(backward(d), threads, rows(d) ? dy : w, rows(d) ? w : dy, Epilogue<T>(), to,
            scratch + copy_room(d));
    if (!sees_all(d)) spread(d, threads, to, dx);
}

template <class T>
void wgrad(const Conv2d& given, int threads, const T* x, const T* dy, T* dw, T* scratch) {
    const Conv2d d = flat(given);
    if (!pointwise(d)) return otherwise<T>().wgrad(d, threads, x, dy, dw, scratch);
    product(weights(d), threads, dy, seen(d, threads, x, scratch), Epilogue<T>(), dw,
            scratch + copy_room(d));
}

template <class T>
std::size_t fwd_scratch(const Conv2d& given, int threads) {
    const Conv2d d = flat(given);
    if (!pointwise(d)) return otherwise<T>().fwd_scratch(d, threads);
    return copy_room(d) + product_scratch<T>(forward(d), threads);
}

template <class T>
std::size_t dgrad_scratch(const Conv2d& given, int threads) {
    const Conv2d d = flat(given);
    if (!pointwise(d)) return otherwise<T>().dgrad_scratch(d, threads);
    return copy_room(d) + product_scratch<T>(backward(d), threads);
}

template <class T>
std::size_t wgrad_scratch(const Conv2d& given, int threads) {
    const Conv2d d = flat(given);
    if (!pointwise(d)) return otherwise<T>().wgrad_scratch(d, threads);
    return copy_room(d) + product_scratch<T>(weights(d), threads);
}

}  // namespace

template <class T>
Conv2dKernels<T> conv2d_k06_pointwise() {
    return {fwd<T>, dgrad<T>, wgrad<T>, fwd_scratch<T>, dgrad_scratch<T>, wgrad_scratch<T>};
}

template Conv2dKernels<float> conv2d_k06_pointwise();
template Conv2dKernels<double> conv2d_k06_pointwise();

}  // namespace mt::MT_ISA
