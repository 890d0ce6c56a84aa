// Pooling on the device: what the kernels compute, and the table of them.
//
// Window p of a plane covers the places p stride + r - before, 0 <= r < window, along each of
// three axes (an image or a sequence has leading axes of length 1). Places outside of the plane
// hold nothing. With x[n,...] a plane and y[n,p] a value per window:
//
//   max     y[n,p] = the largest x in window p, index[n,p] = where: its row-major offset in the
//           window. Of equals the first wins, a NaN is the maximum. A window that holds nothing, or
//           -inf alone, gets -inf and the offset of its first place in the plane.
//   unmax   x[n,h] = sum of y[n,p] over the windows p whose index points at h      (max's gradient)
//   at      y[n,p] = the x that index[n,p] points at, 0 where that is outside      (unmax's)
//   sum     y[n,p] = sum of x over window p  / elements[p]
//   unsum   x[n,h] = sum of y[n,p] / elements[p] over the windows p that cover h   (sum's)
//
// elements[p] is 1 for sums; for means the places of the window inside the plane, or inside the
// plane with its padding. Sums are in float32 for the 16-bit types, in row-major order of the
// places, or of the windows. Every output is written by one thread: nothing is added atomically.
#pragma once

#include "cuda/common/types.hpp"

namespace mt {

enum class PoolPass { max, unmax, at, sum, unsum };
enum class PoolMean { none, inside, padded };  // what elements[p] counts

struct Pool {
    PoolPass pass;
    PoolMean mean;
    Dtype dtype;
    long long planes;
    long long size[3], count[3];  // of a plane; windows along each axis
    long long window[3], stride[3], before[3], after[3];
    void* x;      // planes x size, contiguous; read, or written by unmax and unsum
    void* y;      // planes x count, contiguous
    void* index;  // as y; null for sums
    bool wide;    // index is int32, else uint8
    Stream stream = nullptr;

    long long plane() const { return size[0] * size[1] * size[2]; }
    long long windows() const { return count[0] * count[1] * count[2]; }
    bool writes_plane() const { return pass == PoolPass::unmax || pass == PoolPass::unsum; }
};

struct PoolRung {
    RungText text;
    std::string (*supports)(const Pool&);  // "" or the reason why not
    void (*run)(const Pool&);
};

struct PoolTable {
    const PoolRung* rungs;
    int count;
};
PoolTable pool_table();

}  // namespace mt
