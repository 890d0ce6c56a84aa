// Winograd's minimal filtering: R taps at M neighbouring positions by M + R - 1 products, not M R.
//
//   y = A' [(G g) (B' d)]     d: the M + R - 1 numbers that the windows see, g: the taps
//
// The three matrices are Toom and Cook's multiplication of polynomials: evaluate both factors at
// M + R - 1 points (one of them infinity), multiply point by point, interpolate. Transposed, it is
// a convolution. In two dimensions the transforms are applied down and across, to whole vectors:
// each lane is another channel. The gradient of g, by the transposed formula, is G' [(A y) (B' d)].
//
// There are 6 points: for 4 positions of 3 taps or 2 positions of 5. Rounding errors grow with the
// absolute values in the matrices; 0, +-5/8, +-3/2 have a quarter of the bound of 0, +-1, +-2.
// Lavin, Gray: Fast algorithms for convolutional neural networks, 2016.
// Barabasz et al.: Error analysis and improving the accuracy of Winograd convolution, 2020.
#pragma once

namespace mt::MT_ISA {

// 1-D transforms: every `from`-th vector is read, every `step`-th written.
template <int M>
struct Winograd {
    static constexpr int POINTS = 6, TAPS = POINTS + 1 - M;
    static constexpr double P = 5. / 8, Q = 3. / 2;  // the points 0, P, -P, Q, -Q, infinity
    static constexpr double PP = P * P, QQ = Q * Q;

    // G has these factors: 1 / product of the distances to the other points, for 0, +-P and +-Q.
    static constexpr double N0 = 1 / (PP * QQ);
    static constexpr double NP = 1 / (2 * PP * (PP - QQ)), NQ = 1 / (2 * QQ * (QQ - PP));

    template <class T, class V>
    static void input(const V* d, int from, V* to, int step) {  // B'
        V even = d[4 * from] - T(QQ) * d[2 * from], odd = T(P) * (d[3 * from] - T(QQ) * d[from]);
        V even2 = d[4 * from] - T(PP) * d[2 * from], odd2 = T(Q) * (d[3 * from] - T(PP) * d[from]);
        to[0] = T(PP * QQ) * d[0] - T(PP + QQ) * d[2 * from] + d[4 * from];
        to[step] = even + odd;
        to[2 * step] = even - odd;
        to[3 * step] = even2 + odd2;
        to[4 * step] = even2 - odd2;
        to[5 * step] = T(PP * QQ) * d[from] - T(PP + QQ) * d[3 * from] + d[5 * from];
    }
    template <class T, class V>
    static void filter(const V* g, int from, V* to, int step) {  // G
        evaluate<TAPS, T>(g, from, to, step, N0, NP, NQ);
    }
    template <class T, class V>
    static void output_gradient(const V* y, int from, V* to, int step) {  // A
        evaluate<M, T>(y, from, to, step, 1, 1, 1);
    }
    template <class T, class V>
    static void filter_gradient(const V* m, int from, V* to, int step) {  // G'
        interpolate<TAPS, T>(m, from, to, step, N0, NP, NQ);
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
        to[0] = T(n0) * x[0];
        to[step] = even + odd;
        to[2 * step] = even - odd;
        to[3 * step] = even2 + odd2;
        to[4 * step] = even2 - odd2;
        to[5 * step] = x[(COUNT - 1) * from];
    }
    // Its transpose.
    template <int COUNT, class T, class V>
    static void interpolate(const V* m, int from, V* to, int step, double n0, double np,
                            double nq) {
        V sum = m[from] + m[2 * from], sum2 = m[3 * from] + m[4 * from];
        V difference = m[from] - m[2 * from], difference2 = m[3 * from] - m[4 * from];
        to[0] = T(n0) * m[0] + T(np) * sum + T(nq) * sum2;
        double p = P, q = Q;
#pragma GCC unroll 4
        for (int k = 1; k < COUNT; k++, p *= P, q *= Q)
            to[k * step] = k % 2 ? T(np * p) * difference + T(nq * q) * difference2
                                 : T(np * p) * sum + T(nq * q) * sum2;
        to[(COUNT - 1) * step] += m[5 * from];
    }
};

// Down, then across: `transform(from, from_step, to, to_step)` takes IN vectors and gives OUT.
template <int IN, int OUT, class V, class Transform>
inline void both_ways(const V* from, V* to, const Transform& transform) {
    V half[OUT * IN];
#pragma GCC unroll 6
    for (int j = 0; j < IN; j++) transform(from + j, IN, half + j, IN);
#pragma GCC unroll 6
    for (int i = 0; i < OUT; i++) transform(half + i * IN, 1, to + i * OUT, 1);
}

}  // namespace mt::MT_ISA
