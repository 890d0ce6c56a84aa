// exp, log, tanh and sigmoid of a vector of floats or doubles, without a branch.
//
// Each is within 4 units in the last place of the true value, denormal results included; NaN
// stays NaN, and infinities have their exact limits. The idea is always the same: take the
// argument apart so that a short polynomial does the rest. The coefficients interpolate the
// functions named beside them at Chebyshev points; the remainder is below a tenth of a unit.
#pragma once

#include <limits>

#include "common/bits.hpp"
#include "common/simd.hpp"

namespace mt::MT_ISA {

template <class T>
struct Integers {
    typedef Bits<T> Vector __attribute__((vector_size(MT_VECTOR_BYTES)));
    typedef std::make_unsigned_t<Bits<T>> Unsigned __attribute__((vector_size(MT_VECTOR_BYTES)));
};

template <class T>
struct MathConstants;

template <>
struct MathConstants<float> {
    static constexpr int DIGITS = 23, BIAS = 127;  // of the fraction, and of the exponent
    static constexpr float ROUND = 0x1.8p23f;      // x + ROUND - ROUND is a whole number
    static constexpr float LOG2_E = 1.44269504f;
    // ln 2 in two parts, so that a whole number times the first is exact.
    static constexpr float LN2_HIGH = 0.693359375f, LN2_LOW = -2.12194440e-4f;
    static constexpr float EXP_LEAST = -104, EXP_MOST = 89;  // beyond, it is 0 and infinity
    // (exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2
    static constexpr float EXP[] = {0.5f, 0x1.5554dcp-3f, 0x1.55551ap-5f, 0x1.120b7cp-7f,
                                    0x1.6d1116p-10f};
    // (2 artanh s - 2 s) / s^3 in s^2, for |s| <= (sqrt 2 - 1) / (sqrt 2 + 1)
    static constexpr float LOG[] = {0x1.55555cp-1f, 0x1.997c22p-2f, 0x1.2ee8c8p-2f};
};

template <>
struct MathConstants<double> {
    static constexpr int DIGITS = 52, BIAS = 1023;
    static constexpr double ROUND = 0x1.8p52;
    static constexpr double LOG2_E = 1.4426950408889634;
    static constexpr double LN2_HIGH = 0x1.62e42feep-1, LN2_LOW = 1.9082149292705877e-10;
    static constexpr double EXP_LEAST = -746, EXP_MOST = 710;
    static constexpr double EXP[] = {0.5,
                                     0x1.5555555555556p-3,
                                     0x1.5555555553d5ep-5,
                                     0x1.11111111109b2p-7,
                                     0x1.6c16c1788dc33p-10,
                                     0x1.a01a01a7c54aep-13,
                                     0x1.a019b905bafb1p-16,
                                     0x1.71de0da9d06acp-19,
                                     0x1.28918e390a71ep-22,
                                     0x1.af38b4925be09p-26};
    static constexpr double LOG[] = {
        0x1.5555555555558p-1, 0x1.9999999995273p-2, 0x1.2492492dfd86cp-2, 0x1.c71c62d5e53e0p-3,
        0x1.7462b91b8df65p-3, 0x1.39fdcceb4bb45p-3, 0x1.2b5f68a50d903p-3};
};

// c[0] + c[1] x + c[2] x^2 + ...
template <class T, int COUNT>
inline Vector<T> polynomial(Vector<T> x, const T (&c)[COUNT]) {
    Vector<T> sum = c[COUNT - 1] + Vector<T>{};
#pragma GCC unroll 16
    for (int i = COUNT - 2; i >= 0; i--) sum = sum * x + c[i];
    return sum;
}

// exp(x) = 2^n exp(r) with n = round(x / ln 2): exp(r) - 1, and n as the last digits of `shifted`.
template <class T>
inline Vector<T> reduced_expm1(Vector<T> x, Vector<T>& shifted) {
    using C = MathConstants<T>;
    shifted = x * C::LOG2_E + C::ROUND;
    const Vector<T> n = shifted - C::ROUND, r = x - n * C::LN2_HIGH - n * C::LN2_LOW;
    return r * r * polynomial<T>(r, C::EXP) + r;
}

// 2^n is multiplied in two halves: the result may be a denormal number, or so large that 2^n
// alone is not a number any more.
template <class T>
inline Vector<T> vexp(Vector<T> x) {
    using C = MathConstants<T>;
    using I = typename Integers<T>::Vector;
    using U = typename Integers<T>::Unsigned;
    x = x < C::EXP_LEAST ? Vector<T>{} + C::EXP_LEAST : x;
    x = x > C::EXP_MOST ? Vector<T>{} + C::EXP_MOST : x;
    Vector<T> shifted;
    const Vector<T> y = reduced_expm1<T>(x, shifted) + T(1);
    I exponents = (I)shifted - to_bits(C::ROUND) + 2 * C::BIAS;  // positive, as shifting wants it
    I half = (I)((U)exponents >> 1);
    return y * (Vector<T>)(half << C::DIGITS) * (Vector<T>)((exponents - half) << C::DIGITS);
}

// The same for x between -80 and 80, whose exponent is just added.
template <class T>
inline Vector<T> small_exp(Vector<T> x) {
    using I = typename Integers<T>::Vector;
    Vector<T> shifted;
    const Vector<T> y = reduced_expm1<T>(x, shifted) + T(1);
    return (Vector<T>)((I)y + ((I)shifted << MathConstants<T>::DIGITS));
}

// exp(x) - 1 for the same x: 2^n (exp(r) - 1) + (2^n - 1), whose last part is exact where it
// counts.
template <class T>
inline Vector<T> small_expm1(Vector<T> x) {
    using I = typename Integers<T>::Vector;
    Vector<T> shifted;
    const Vector<T> y = reduced_expm1<T>(x, shifted);
    const I power = ((I)shifted << MathConstants<T>::DIGITS) + to_bits(T(1));
    return (Vector<T>)power * y + ((Vector<T>)power - T(1));
}

// log(x) = k ln 2 + log(1 + f), 1 + f between sqrt 1/2 and sqrt 2; with s = f / (2 + f) that is
// 2 artanh s = f - s (f - s^2 ...), whose first term is exact.
template <class T>
inline Vector<T> vlog(Vector<T> x) {
    using C = MathConstants<T>;
    using I = typename Integers<T>::Vector;
    using U = typename Integers<T>::Unsigned;
    constexpr T INFINITE = std::numeric_limits<T>::infinity();
    const auto denormal = x < std::numeric_limits<T>::min();
    const Vector<T> whole = denormal ? x * T(1L << (C::DIGITS + 1)) : x;
    const Bits<T> one = to_bits(T(1)), least = to_bits(T(0.70710678118654752));
    const I shifted = (I)whole + (one - least);
    const I fraction = (shifted & ((Bits<T>(1) << C::DIGITS) - 1)) + least;
    // The exponent is a small whole number: as the last digits of ROUND it needs no conversion.
    const I exponent = (I)((U)shifted >> C::DIGITS) - C::BIAS + to_bits(C::ROUND);
    Vector<T> k = (Vector<T>)exponent - C::ROUND;
    k = denormal ? k - T(C::DIGITS + 1) : k;
    const Vector<T> f = (Vector<T>)fraction - T(1), s = f / (f + T(2)), z = s * s;
    const Vector<T> rest = s * (f - z * polynomial<T>(z, C::LOG));
    Vector<T> y = k * C::LN2_HIGH - (rest - k * C::LN2_LOW - f);
    y = x == INFINITE ? x : y;
    y = x == T(0) ? Vector<T>{} - INFINITE : y;
    return x >= T(0) ? y : Vector<T>{} + std::numeric_limits<T>::quiet_NaN();
}

template <class T>
inline Vector<T> magnitude(Vector<T> x) {
    using I = typename Integers<T>::Vector;
    return (Vector<T>)((I)x & std::numeric_limits<Bits<T>>::max());
}

// (exp(2 |x|) - 1) / (exp(2 |x|) + 1); from 20 on it is 1, for floats and doubles.
template <class T>
inline Vector<T> vtanh(Vector<T> x) {
    using I = typename Integers<T>::Vector;
    const Vector<T> size = magnitude<T>(x);
    const Vector<T> most = size > T(20) ? Vector<T>{} + T(20) : size;  // NaN stays
    const Vector<T> grown = small_expm1<T>(most + most);
    const I sign = (I)x & std::numeric_limits<Bits<T>>::min();
    return (Vector<T>)((I)(grown / (grown + T(2))) | sign);
}

// 1 / (1 + exp(-x)) and exp(x) / (1 + exp(x)), whichever exponent is negative.
template <class T>
inline Vector<T> vsigmoid(Vector<T> x) {
    const Vector<T> e = vexp<T>(-magnitude<T>(x));
    return (x < T(0) ? e : Vector<T>{} + T(1)) / (e + T(1));
}

// The same where what is below exp(-80) need not differ from it, as in a gate.
template <class T>
inline Vector<T> small_sigmoid(Vector<T> x) {
    const Vector<T> least = x < T(-80) ? Vector<T>{} - T(80) : x;  // NaN stays
    const Vector<T> within = least > T(80) ? Vector<T>{} + T(80) : least;
    return T(1) / (small_exp<T>(-within) + T(1));
}

}  // namespace mt::MT_ISA
