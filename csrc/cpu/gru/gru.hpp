// Gated recurrent units over a sequence: what their kernels compute, and the table of them.
//
// With x = gates[t] and s = hidden[t-1] w, each in three parts of H columns:
//
//   r = s(x_r + s_r)   u = s(x_u + s_u)   n = tanh(x_n + r s_n)   hidden[t] = (1 - u) before + u n
//
// bwd walks back. d_gates is the gradient of x, d_state that of s; what the weights receive, the
// sum over t of hidden[t-1]' d_state[t], is a matrix product like any other.
#pragma once

#include <cstddef>
#include <tuple>

#include "common/isa.hpp"
#include "cpu/recurrence.hpp"

namespace mt {

template <class T>
struct GruStates {
    T *hidden, *activated;  // activated: r, u, n and s_n beside each other
};

template <class T>
struct GruGradients {  // d_hid doubles as working memory
    const T* hidden;
    T *d_gates, *d_state, *d_hid;
};

// `scratch` holds as many elements as the rung's function of that name says.
template <class T>
struct GruKernels {
    void (*fwd)(const Recurrence&, int threads, const T* gates, const T* w, const T* hid,
                const GruStates<T>&, T* scratch);
    void (*bwd)(const Recurrence&, int threads, const GruStates<const T>&, const T* w, const T* hid,
                const GruGradients<T>&, T* scratch);
    std::size_t (*fwd_scratch)(const Recurrence&, int threads);
    std::size_t (*bwd_scratch)(const Recurrence&, int threads);
};

struct GruRung {
    const char *name, *idea, *needs;
    std::tuple<GruKernels<float>, GruKernels<double>> kernels;
};

struct GruTable {
    const GruRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run) \
    namespace ISA {              \
    GruTable gru_table();        \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
