// Winograd's minimal filtering: R taps at M neighbouring positions by M + R - 1 products, not M R.
//
//   y = A' [(G g) (B' d)]     d: the M + R - 1 numbers that the windows see, g: the taps
//
// The three matrices are Toom and Cook's multiplication of polynomials: evaluate both factors at
// M + R - 1 points (one of them infinity), multiply point by point, interpolate. Transposed, it is
// a convolution. In two dimensions the transforms are applied down and across, to whole vectors:
// each lane is another channel. The gradient of g, by the transposed formula, is G' [(A y) (B' d)].
//
// There are 6 points, 0, +-P, +-Q and infinity, or 5, the same without 0. Rounding errors grow with
// the absolute values in the matrices. P and Q are the eighths for which the bound is about the
// smallest. For 6 points, 4 positions of 3 taps, it is a quarter of that of 0, +-1, +-2; for 5, 4
// positions of 2 taps, .30 of that of 0, +-1, 2, and 0 with any other three is worse than +-P, +-Q.
// Lavin, Gray: Fast algorithms for convolutional neural networks, 2016.
// Barabasz et al.: Error analysis and improving the accuracy of Winograd convolution, 2020.
#pragma once

namespace mt::MT_ISA {

// 1-D transforms: every `from`-th vector is read, every `step`-th written.
template <int M, int R>
struct Winograd {
    static constexpr int POINTS = M + R - 1;
    static constexpr int ZERO = POINTS == 6;  // whether 0 is a point, and then the first
    static_assert(POINTS == 5 || POINTS == 6, "points are chosen for 5 and 6 of them");
    static constexpr double P = ZERO ? 5. / 8 : 3. / 8, Q = ZERO ? 3. / 2 : 11. / 8;
    static constexpr double PP = P * P, QQ = Q * Q;

    // G has these factors: 1 / product of the distances to the other points, for 0, +-P and +-Q.
    static constexpr double N0 = 1 / (PP * QQ);
    static constexpr double NP = 1 / (2 * (ZERO ? PP : P) * (PP - QQ));
    static constexpr double NQ = 1 / (2 * (ZERO ? QQ : Q) * (QQ - PP));

    template <class T, class V>
    static void input(const V* d, int from, V* to, int step) {  // B'
        if (ZERO) {
            *to = T(PP * QQ) * d[0] - T(PP + QQ) * d[2 * from] + d[4 * from];
            d += from, to += step;
        }
        const V odd = d[3 * from] - T(QQ) * d[from], even = T(P) * (d[2 * from] - T(QQ) * d[0]);
        const V odd2 = d[3 * from] - T(PP) * d[from], even2 = T(Q) * (d[2 * from] - T(PP) * d[0]);
        to[0] = odd + even;
        to[step] = ZERO ? odd - even : even - odd;
        to[2 * step] = odd2 + even2;
        to[3 * step] = ZERO ? odd2 - even2 : even2 - odd2;
        to[4 * step] = T(PP * QQ) * d[0] - T(PP + QQ) * d[2 * from] + d[4 * from];
    }
    template <class T, class V>
    static void filter(const V* g, int from, V* to, int step) {  // G
        evaluate<R, T>(g, from, to, step, N0, NP, NQ);
    }
    template <class T, class V>
    static void output_gradient(const V* y, int from, V* to, int step) {  // A
        evaluate<M, T>(y, from, to, step, 1, 1, 1);
    }
    template <class T, class V>
    static void filter_gradient(const V* m, int from, V* to, int step) {  // G'
        interpolate<R, T>(m, from, to, step, N0, NP, NQ);
    }
    template <class T, class V>
    static void output(const V* m, int from, V* to, int step) {  // A'
        interpolate<M, T>(m, from, to, step, 1, 1, 1);
    }

  private:
    // A polynomial of COUNT coefficients at all points, times a factor for each.
    template <int COUNT, class T, class V>
    static void evaluate(const V* x, int from, V* to, int step, double n0, double np, double nq) {
        V even = T(np) * x[0], odd = T(np * P) * x[from];
        V even2 = T(nq) * x[0], odd2 = T(nq * Q) * x[from];
        double p = PP, q = QQ;
#pragma GCC unroll 3
        for (int k = 2; k < COUNT; k++, p *= P, q *= Q) {
            (k % 2 ? odd : even) += T(np * p) * x[k * from];
            (k % 2 ? odd2 : even2) += T(nq * q) * x[k * from];
        }
        if (ZERO) *to = T(n0) * x[0], to += step;
        to[0] = even + odd;
        to[step] = even - odd;
        to[2 * step] = even2 + odd2;
        to[3 * step] = even2 - odd2;
        to[4 * step] = x[(COUNT - 1) * from];
    }
    // Its transpose.
    template <int COUNT, class T, class V>
    static void interpolate(const V* m, int from, V* to, int step, double n0, double np,
                            double nq) {
        const V* at = m + ZERO * from;
        V sum = at[0] + at[from], sum2 = at[2 * from] + at[3 * from];
        V difference = at[0] - at[from], difference2 = at[2 * from] - at[3 * from];
        to[0] = T(np) * sum + T(nq) * sum2;
        if (ZERO) to[0] += T(n0) * m[0];
        double p = P, q = Q;
#pragma GCC unroll 4
        for (int k = 1; k < COUNT; k++, p *= P, q *= Q)
            to[k * step] = k % 2 ? T(np * p) * difference + T(nq * q) * difference2
                                 : T(np * p) * sum + T(nq * q) * sum2;
        to[(COUNT - 1) * step] += at[4 * from];
    }
};

// Down, then across: `transform(from, from_step, to, to_step)` takes IN vectors and gives OUT. In
// what is read and written, rows and the vectors of a row lie `row` and `step` apart.
template <int IN, int OUT, class V, class Transform>
inline void both_ways(const V* from, int row, int step, V* to, int to_row, int to_step,
                      const Transform& transform) {
    V half[OUT * IN];
#pragma GCC unroll 6
    for (int j = 0; j < IN; j++) transform(from + j * step, row, half + j, IN);
#pragma GCC unroll 6
    for (int i = 0; i < OUT; i++) transform(half + i * IN, 1, to + i * to_row, to_step);
}

template <int IN, int OUT, class V, class Transform>
inline void both_ways(const V* from, V* to, const Transform& transform) {
    both_ways<IN, OUT>(from, IN, 1, to, OUT, 1, transform);
}

}  // namespace mt::MT_ISA
