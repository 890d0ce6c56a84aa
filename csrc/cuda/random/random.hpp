// Random numbers on the device: what the kernels compute, and the table of them.
//
// Philox4x64 with 10 rounds (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2,
// 3, 2011), by the recipe of minitorch/ops/random.py: key (seed, 0), counter offset + 1 + b for
// block b; a block has eight 32-bit lanes, the low halves of its four words first; lane i of a
// stream is lane i % 8 of block i / 8. With u = (lane + 1/2) / 2^32 in float64:
//
//   dropout  y = x / divisor if the lane is at least `threshold`, else x 0
//   uniform  y = base + spread u
//   normal   y = base + spread n
//   noise    y = x + (spread n, rounded to y's type)
//
// n by Box and Muller: elements 2j and 2j + 1 have u and v of their lanes and are
// sqrt(-2 ln u) cos(2 pi v) and sqrt(-2 ln u) sin(2 pi v).
//
// Arrays are before x shared x after. Elements that differ in `shared` alone have one lane, so that
// a mask may be the same along an axis; it is 1 for all but dropout.
#pragma once

#include "cuda/common/types.hpp"

namespace mt {

enum class RandomPass { dropout, uniform, normal, noise };

struct Random {
    RandomPass pass;
    Dtype dtype;
    long long before, shared, after;
    std::uint64_t seed, offset, threshold;
    double divisor, base, spread;
    const void* x;  // null for uniform and normal
    void* y;
    Stream stream = nullptr;

    long long elements() const { return before * shared * after; }
};

struct RandomRung {
    RungText text;
    std::string (*supports)(const Random&);  // "" or the reason why not
    void (*run)(const Random&);
};

struct RandomTable {
    const RandomRung* rungs;
    int count;
};
RandomTable random_table();

}  // namespace mt
