// Chains of elementwise operations: one pass over memory for all of them.
//
// A chain runs over an index space. Each operand is a window onto memory with a stride per
// axis (0 where it is broadcast); the steps compute registers from registers; outputs are written
// at the end. The arithmetic is in T: every step rounds as the same operation alone would.
#pragma once

#include <vector>

#include "common/isa.hpp"

namespace mt {

constexpr int MAX_AXES = 8;

// X(name, number of operands): what a step can do. The names are those of the ops.
#define MT_ELEMENTWISE_CODES(X) \
    X(copy, 1)                  \
    X(add, 2)                   \
    X(subtract, 2)              \
    X(multiply, 2)              \
    X(divide, 2)                \
    X(maximum, 2)               \
    X(minimum, 2)               \
    X(negative, 1)              \
    X(abs, 1)                   \
    X(square, 1)                \
    X(sqrt, 1)                  \
    X(reciprocal, 1)            \
    X(relu, 1)                  \
    X(exp, 1)                   \
    X(log, 1)                   \
    X(tanh, 1)                  \
    X(sigmoid, 1)               \
    X(equal, 2)                 \
    X(not_equal, 2)             \
    X(less, 2)                  \
    X(less_equal, 2)            \
    X(greater, 2)               \
    X(greater_equal, 2)         \
    X(logical_and, 2)           \
    X(logical_or, 2)            \
    X(logical_not, 1)           \
    X(where, 3)

enum class Code {
#define MT_CODE(name, arity) name##_,
    MT_ELEMENTWISE_CODES(MT_CODE)
#undef MT_CODE
};

// A window onto memory. Bool elements are bytes; in a register they are 0 and 1.
struct Window {
    char* data;
    bool is_bool;
    long strides[MAX_AXES];  // in elements
};

struct Step {
    Code code;
    int a, b, c;  // registers: the inputs first, then the result of each step
};

struct Output {
    Window window;
    int from;  // register
};

struct Chain {
    int axes;
    long shape[MAX_AXES];
    std::vector<Window> inputs;
    std::vector<Step> steps;
    std::vector<Output> outputs;

    long count() const {
        long n = 1;
        for (int k = 0; k < axes; k++) n *= shape[k];
        return n;
    }
};

// Joins axes that lie behind each other in all windows, and drops those of length 1.
void collapse(Chain& chain);

struct ElementwiseKernels {
    void (*f32)(const Chain&, int threads);
    void (*f64)(const Chain&, int threads);
    // dst[i] = src[i] for elements of so many bytes, over windows with strides.
    void (*copy)(const Chain&, int bytes, int threads);
};

#define MT_DECLARE(ISA, can_run)              \
    namespace ISA {                           \
    ElementwiseKernels elementwise_kernels(); \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
