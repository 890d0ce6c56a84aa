// Dropout and noise: what the kernels compute, and the table of them.
//
// Philox4x64 with 10 rounds (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2,
// 3, 2011), by the recipe of minitorch/ops/random.py: key (seed, 0), counter offset + 1 + b for
// block b; a block has eight 32-bit lanes, the low halves of its four words first; lane i of a
// stream is lane i % 8 of block i / 8. With u = (lane + 1/2) / 2^32 in double:
//
//   dropout  y = x / divisor if the lane is at least `threshold`, else x / divisor 0
//   noise    y = x + (spread n, rounded to y's type)
//
// n by Box and Muller: elements 2j and 2j + 1 have u and v of their lanes and are
// sqrt(-2 ln u) cos(2 pi v) and sqrt(-2 ln u) sin(2 pi v).
//
// Arrays are before x shared x after. Elements that differ in `shared` alone have one lane, so that
// a mask may be the same along an axis; it is 1 for noise.
#pragma once

#include <cstdint>
#include <tuple>

#include "common/isa.hpp"

namespace mt {

enum class RandomPass { dropout, noise };

template <class T>
struct Random {
    RandomPass pass;
    long before, shared, after;
    std::uint64_t seed, offset, threshold;
    double divisor, spread;
    const T* x;
    T* y;
};

template <class T>
struct RandomKernels {
    void (*run)(const Random<T>&, int threads);
};

struct RandomRung {
    const char *name, *idea, *needs;
    std::tuple<RandomKernels<float>, RandomKernels<double>> kernels;
};

struct RandomTable {
    const RandomRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run) \
    namespace ISA {              \
    RandomTable random_table();  \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
