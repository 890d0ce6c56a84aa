// Softmax and cross-entropy, rung 1: the definition.
//
// Idea      Row after row: its largest element, the sum of the powers, then what is asked for.
// Changed   Nothing, this is the ground.
// Requires  Nothing.
// Launch    One thread.
// Reading   loss.hpp has the formulas.
#include <cmath>
#include <limits>

#include "cpu/loss/rungs.hpp"

namespace mt::MT_ISA {
namespace {

template <class T>
void run(const Loss<T>& d, int) {
    for (long row = 0; row < d.outer * d.inner; row++) {
        const long at = row / d.inner * d.classes * d.inner + row % d.inner;
        const T* x = d.x + at;
        T most = x[0], total = 0;
        for (long c = 1; c < d.classes; c++)
            if (x[c * d.inner] > most) most = x[c * d.inner];
        for (long c = 0; c < d.classes; c++) total += std::exp(x[c * d.inner] - most);
        const long label = d.labels ? d.label(row) : -1;
        if (d.pass == LossPass::entropy) {
            d.y[row] = label < 0 ? std::numeric_limits<T>::quiet_NaN()
                                 : std::log(total) - (x[label * d.inner] - most);
            continue;
        }
        for (long c = 0; c < d.classes; c++) {
            T away = x[c * d.inner] - most, &y = d.y[at + c * d.inner];
            if (d.pass == LossPass::log_softmax)
                y = away - std::log(total);
            else
                y = std::exp(away) / total;
            if (d.pass == LossPass::back) y = (y - T(c == label)) * d.g[row];
        }
    }
}

}  // namespace

template <class T>
LossKernels<T> loss_k01_naive() {
    return {run<T>};
}

template LossKernels<float> loss_k01_naive<float>();
template LossKernels<double> loss_k01_naive<double>();

}  // namespace mt::MT_ISA
