#include "cpu/vmath/vmath.hpp"

#include <algorithm>

#include "common/vmath.hpp"

namespace mt::MT_ISA {
namespace {

template <class T, Vector<T> (*FUNCTION)(Vector<T>)>
void map(long count, const T* x, T* y) {
    constexpr long LANES = Simd<T>::LANES;
    long i = 0;
    for (; i + LANES <= count; i += LANES) store(y + i, FUNCTION(load(x + i)));
    if (i == count) return;
    T last[LANES] = {};
    std::copy(x + i, x + count, last);
    store(last, FUNCTION(load(last)));
    std::copy(last, last + count - i, y + i);
}

const NamedMathFunction FUNCTIONS[] = {
    {"exp", {map<float, vexp<float>>, map<double, vexp<double>>}},
    {"log", {map<float, vlog<float>>, map<double, vlog<double>>}},
    {"tanh", {map<float, vtanh<float>>, map<double, vtanh<double>>}},
    {"sigmoid", {map<float, vsigmoid<float>>, map<double, vsigmoid<double>>}},
};

}  // namespace

MathTable math_table() {
    return {FUNCTIONS, sizeof FUNCTIONS / sizeof *FUNCTIONS};
}

}  // namespace mt::MT_ISA
