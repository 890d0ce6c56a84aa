// The functions of common/vmath.hpp over arrays, so that they can be tested from outside.
#pragma once

#include <tuple>

#include "common/isa.hpp"

namespace mt {

template <class T>
using MathFunction = void (*)(long count, const T* x, T* y);

struct NamedMathFunction {
    const char* name;
    std::tuple<MathFunction<float>, MathFunction<double>> functions;
};

struct MathTable {
    const NamedMathFunction* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run) \
    namespace ISA {              \
    MathTable math_table();      \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
