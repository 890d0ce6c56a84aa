// Winograd's minimal filtering: 3 taps at M neighbouring positions by M + 2 products, not 3 M.
//
//   y = A' [(G g) (B' d)]     d: the M + 2 numbers that the windows see, g: the taps
//
// The three matrices are Toom and Cook's multiplication of polynomials: evaluate both factors at
// M + 2 points (one of them infinity), multiply point by point, interpolate. Transposed, it is
// a convolution. In two dimensions the transforms are applied down and across, to whole vectors:
// each lane is another channel. The gradient of g, by the transposed formula, is G' [(A y) (B' d)].
//
// Rounding errors grow with the absolute values in the matrices. The points 0, +-5/8, +-3/2 give a
// quarter of the bound of the usual 0, +-1, +-2.
// Lavin, Gray: Fast algorithms for convolutional neural networks, 2016.
// Barabasz et al.: Error analysis and improving the accuracy of Winograd convolution, 2020.
#pragma once

namespace mt::MT_ISA {

template <int M>
struct Winograd;

// 1-D transforms: every `from`-th vector is read, every `step`-th written.
template <>
struct Winograd<4> {
    static constexpr int POINTS = 6;
    static constexpr double P = 5. / 8, Q = 3. / 2;  // the points 0, P, -P, Q, -Q, infinity
    static constexpr double PP = P * P, QQ = Q * Q;
    static constexpr double N0 = 1 / (PP * QQ);  // 1 / product of the distances to the others
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
        V even = T(NP) * g[0] + T(NP * PP) * g[2 * from], odd = T(NP * P) * g[from];
        V even2 = T(NQ) * g[0] + T(NQ * QQ) * g[2 * from], odd2 = T(NQ * Q) * g[from];
        to[0] = T(N0) * g[0];
        to[step] = even + odd;
        to[2 * step] = even - odd;
        to[3 * step] = even2 + odd2;
        to[4 * step] = even2 - odd2;
        to[5 * step] = g[2 * from];
    }
    template <class T, class V>
    static void output(const V* m, int from, V* to, int step) {  // A'
        V sum = m[from] + m[2 * from], sum2 = m[3 * from] + m[4 * from];
        V difference = m[from] - m[2 * from], difference2 = m[3 * from] - m[4 * from];
        to[0] = m[0] + sum + sum2;
        to[step] = T(P) * difference + T(Q) * difference2;
        to[2 * step] = T(PP) * sum + T(QQ) * sum2;
        to[3 * step] = T(PP * P) * difference + T(QQ * Q) * difference2 + m[5 * from];
    }
    template <class T, class V>
    static void output_gradient(const V* y, int from, V* to, int step) {  // A
        V even = y[0] + T(PP) * y[2 * from], odd = T(P) * y[from] + T(PP * P) * y[3 * from];
        V even2 = y[0] + T(QQ) * y[2 * from], odd2 = T(Q) * y[from] + T(QQ * Q) * y[3 * from];
        to[0] = y[0];
        to[step] = even + odd;
        to[2 * step] = even - odd;
        to[3 * step] = even2 + odd2;
        to[4 * step] = even2 - odd2;
        to[5 * step] = y[3 * from];
    }
    template <class T, class V>
    static void filter_gradient(const V* m, int from, V* to, int step) {  // G'
        V sum = m[from] + m[2 * from], sum2 = m[3 * from] + m[4 * from];
        V difference = m[from] - m[2 * from], difference2 = m[3 * from] - m[4 * from];
        to[0] = T(N0) * m[0] + T(NP) * sum + T(NQ) * sum2;
        to[step] = T(NP * P) * difference + T(NQ * Q) * difference2;
        to[2 * step] = T(NP * PP) * sum + T(NQ * QQ) * sum2 + m[5 * from];
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
