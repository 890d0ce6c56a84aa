// Panels: a strip of a matrix turned so that a register tile reads it from front to back.
//
//   to[step * WIDTH + line] = from[line * line_stride + step * step_stride]
//
// The left operand's lines are its rows, WIDTH = MR; the right one's are its columns, WIDTH = NR.
// Either may lie in memory by lines or by steps: both are read along the memory.
#pragma once

#include <algorithm>

#include "common/simd.hpp"

namespace mt::MT_ISA {

// Lines that lie along memory, LANES of them or fewer, through the registers.
template <long WIDTH, class T>
inline void pack_lines(const T* from, long line_stride, long lines, long steps, T* to) {
    constexpr long LANES = Simd<T>::LANES;
    long k = 0;
    for (; k + LANES <= steps; k += LANES) {
        Vector<T> square[LANES] = {};
#pragma GCC unroll 16
        for (long i = 0; i < LANES; i++)
            square[i] = load(from + std::min(i, lines - 1) * line_stride + k);
        transpose<T>(square);
        T* at = to + k * WIDTH;
        constexpr long REST = WIDTH % LANES;  // known when this is compiled: no call
        // Where a panel is narrower than a vector, each store may spill into the next step,
        // which comes after it; but not the last one, into the next panel.
        if (lines == LANES || (lines == WIDTH && k + LANES < steps))
#pragma GCC unroll 16
            for (long i = 0; i < LANES; i++) store(at + i * WIDTH, square[i]);
        else if (lines == REST)
#pragma GCC unroll 16
            for (long i = 0; i < LANES; i++)
                __builtin_memcpy(at + i * WIDTH, &square[i], REST * sizeof(T));
        else
            for (long i = 0; i < LANES; i++)
                __builtin_memcpy(at + i * WIDTH, &square[i], lines * sizeof(T));
    }
    for (; k < steps; k++)
        for (long i = 0; i < lines; i++) to[k * WIDTH + i] = from[i * line_stride + k];
}

// A panel, or some lines of one: `lines` of WIDTH numbers are written at each step.
template <long WIDTH, class T>
inline void pack(const T* from, long line_stride, long step_stride, long lines, long steps, T* to) {
    constexpr long LANES = Simd<T>::LANES;
    if (line_stride == 1 && lines == WIDTH) {
        for (long k = 0; k < steps; k++)
            __builtin_memcpy(to + k * WIDTH, from + k * step_stride, WIDTH * sizeof(T));
    } else if (line_stride == 1) {
        for (long k = 0; k < steps; k++)
            std::copy(from + k * step_stride, from + k * step_stride + lines, to + k * WIDTH);
    } else if (step_stride == 1 && steps >= LANES) {
        for (long i = 0; i < lines; i += LANES)
            pack_lines<WIDTH>(from + i * line_stride, line_stride, std::min(lines - i, LANES),
                              steps, to + i);
    } else {
        for (long k = 0; k < steps; k++)
            for (long i = 0; i < lines; i++)
                to[k * WIDTH + i] = from[i * line_stride + k * step_stride];
    }
}

// The lines of a panel that are not there are 0.
template <long WIDTH, class T>
inline void pack_zeros(long lines, long steps, T* to) {
    if (lines >= WIDTH) return;
    for (long k = 0; k < steps; k++) std::fill(to + k * WIDTH + lines, to + (k + 1) * WIDTH, T(0));
}

}  // namespace mt::MT_ISA
